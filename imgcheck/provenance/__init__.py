"""What a file states about itself: structure, metadata, times, platform marks, credentials.

Every function takes bytes and the sniffed format, opens nothing, and raises on no garbage: an
error in a file is an observation with its place. The one exception is `ExifTool`, which runs a
program that the caller names, as a second reader.
"""

import lazy_loader

# The names stand in the stub beside this file; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
