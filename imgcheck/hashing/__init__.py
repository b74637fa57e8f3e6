"""Has this picture, or a part of it, been seen before?

`pdq` and `pdq_dihedral` hash a picture and `nfa` rates a distance. `HashIndex` keeps known pictures
in one file and finds copies, cuts, and rotated, mirrored or inverted copies among them; `HashTable`
searches its exported hashes.
"""

import lazy_loader

# The names stand in the stub beside this file; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
