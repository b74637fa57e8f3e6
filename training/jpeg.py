"""Save a picture as JPEG and open it again."""

import cv2
import numpy as np
from numpy.typing import NDArray


def saved(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return the picture after one save."""
    coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)
