from .containers.header import Header as Header
from .containers.tree import Observation as Observation
from .georeference import Georeference as Georeference
from .image import Image as Image
from .limits import REFERENCE_LIMITS as REFERENCE_LIMITS
from .limits import Limits as Limits
from .output import write_atomically as write_atomically
from .text import printable as printable
