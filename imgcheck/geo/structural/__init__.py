"""Register a picture to imagery of another date by the directions of edges; no learned weights."""

import lazy_loader

# The names stand in the stub beside this file; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
