from .claimed import (
    USUAL_LEAN_DEG as USUAL_LEAN_DEG,
)
from .claimed import (
    USUAL_SLOPE_DEG as USUAL_SLOPE_DEG,
)
from .claimed import (
    ClaimedTime as ClaimedTime,
)
from .claimed import (
    Slip as Slip,
)
from .claimed import (
    date_reach as date_reach,
)
from .claimed import (
    examine as examine,
)
from .claimed import (
    reach_words as reach_words,
)
from .claimed import (
    slips as slips,
)
from .constraint import (
    Best as Best,
)
from .constraint import (
    Constraint as Constraint,
)
from .constraint import (
    Shadow as Shadow,
)
from .constraint import (
    constrain as constrain,
)
from .constraint import (
    likelihood_ratio as likelihood_ratio,
)
from .direction import (
    NoDirection as NoDirection,
)
from .direction import (
    ShadowDirection as ShadowDirection,
)
from .direction import (
    shadow_direction as shadow_direction,
)
from .measuring import (
    END_POINT_PX as END_POINT_PX,
)
from .measuring import (
    Pooled as Pooled,
)
from .measuring import (
    ShadowMeasurement as ShadowMeasurement,
)
from .measuring import (
    from_points as from_points,
)
from .measuring import (
    pool as pool,
)
from .passes import PassHint as PassHint
from .passes import pass_hint as pass_hint
from .spa import SunPosition as SunPosition
from .spa import position as position
from .times import TimeSpan as TimeSpan
