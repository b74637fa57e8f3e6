from .caseuco import export as export
from .chain import History as History
from .chain import read as read
from .checking import verify as verify
from .files import hash_file as hash_file
from .folder import (
    Added as Added,
)
from .folder import (
    CustodyFolder as CustodyFolder,
)
from .folder import (
    Recorded as Recorded,
)
from .folder import (
    create as create,
)
from .layout import CaseDamagedError as CaseDamagedError
from .layout import CaseLockedError as CaseLockedError
from .log import Entry as Entry
from .log import Head as Head
from .log import Kept as Kept
from .signing import (
    check_report as check_report,
)
from .signing import (
    make_key as make_key,
)
from .signing import (
    read_small_file as read_small_file,
)
from .signing import (
    sign as sign,
)
