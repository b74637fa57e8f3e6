"""Find a picture in a large area: an index is built once and searched within a minute."""

import lazy_loader

# The names stand in the stub beside this file; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
