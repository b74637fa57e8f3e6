from .answer import (
    IndexCheck as IndexCheck,
)
from .answer import (
    IndexStats as IndexStats,
)
from .answer import (
    KnownPicture as KnownPicture,
)
from .answer import (
    Match as Match,
)
from .answer import (
    Merged as Merged,
)
from .answer import (
    NearHash as NearHash,
)
from .answer import (
    SearchResult as SearchResult,
)
from .index import HashIndex as HashIndex
from .perceptual import (
    ORIENTATIONS as ORIENTATIONS,
)
from .perceptual import (
    PdqHash as PdqHash,
)
from .perceptual import (
    distance as distance,
)
from .perceptual import (
    pdq as pdq,
)
from .perceptual import (
    pdq_dihedral as pdq_dihedral,
)
from .probability import MATCH_LOG10_NFA as MATCH_LOG10_NFA
from .probability import nfa as nfa
from .probability import reach as reach
from .store.table import HashTable as HashTable
