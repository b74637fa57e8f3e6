from .comparison import NotCompared as NotCompared
from .comparison import Residual as Residual
from .comparison import residual as residual
from .encoder import (
    Component as Component,
)
from .encoder import (
    Encoding as Encoding,
)
from .encoder import (
    QuantTable as QuantTable,
)
from .encoder import (
    encoding as encoding,
)
from .regions import Difference as Difference
