"""Chain of custody: untouched copies, a log chained by hashes, and their verification.

>>> from imgcheck import custody
>>> custody.create(Path("case"), reference="2017-114")               # doctest: +SKIP
>>> with custody.CustodyFolder(Path("case")) as case:                # doctest: +SKIP
...     case.add("post.jpg", source_url="https://example.org/post/1")
>>> custody.verify(Path("case")).whole                               # doctest: +SKIP
True
"""

import lazy_loader

# The names stand in the stub beside this file; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
