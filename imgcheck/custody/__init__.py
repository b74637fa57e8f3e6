"""Chain of custody: untouched copies, a log chained by hashes, and their verification.

>>> from imgcheck import custody
>>> custody.create(Path("case"), reference="2017-114")               # doctest: +SKIP
>>> with custody.CustodyFolder(Path("case")) as case:                # doctest: +SKIP
...     case.add("post.jpg", source_url="https://example.org/post/1")
>>> custody.verify(Path("case")).whole                               # doctest: +SKIP
True
"""

from imgcheck.custody.caseuco import export
from imgcheck.custody.chain import History, read
from imgcheck.custody.checking import verify
from imgcheck.custody.folder import Added, CustodyFolder, Recorded, create
from imgcheck.custody.layout import CaseDamagedError, CaseLockedError
from imgcheck.custody.log import Entry, Kept
from imgcheck.custody.signing import check_report, make_key, read_small_file, sign

__all__ = [
    "Added",
    "CaseDamagedError",
    "CaseLockedError",
    "CustodyFolder",
    "Entry",
    "History",
    "Kept",
    "Recorded",
    "check_report",
    "create",
    "export",
    "make_key",
    "read",
    "read_small_file",
    "sign",
    "verify",
]
