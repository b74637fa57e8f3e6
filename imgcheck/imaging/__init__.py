"""The only door for files: `Image`, with safe decoding, limits and georeference.

Names are resolved on first use, so that opening a picture loads no decoder.
"""

import lazy_loader

# The names stand in the stub beside this file; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
