"""What a few lines of OpenCV do with the same pair of pictures, for comparison."""

import time

import cv2
import numpy as np
from numpy.typing import NDArray

# Lowe's ratio: as wide as ours.
RATIO = 0.9


def sift_seconds(picture: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Give the CPU time of SIFT, brute-force matching, ratio test and RANSAC, all else default."""
    start = time.process_time()
    sift = cv2.SIFT_create()
    keys, described = zip(
        *(sift.detectAndCompute((255 * g).astype(np.uint8), None) for g in (picture, reference)),
        strict=True,
    )
    pairs = cv2.BFMatcher().knnMatch(described[0], described[1], k=2)
    good = [a for a, b in pairs if a.distance < RATIO * b.distance]
    source = np.array([keys[0][m.queryIdx].pt for m in good], np.float32)
    target = np.array([keys[1][m.trainIdx].pt for m in good], np.float32)
    if len(good) >= 4:
        cv2.findHomography(source, target, cv2.RANSAC, 3.0, maxIters=2000)
    return time.process_time() - start
