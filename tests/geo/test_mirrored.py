"""A mirrored picture of another date is placed by its edges, and called mirrored, when asked."""

import numpy as np
import pytest

from imgcheck import geo, scene
from imgcheck.imaging import transforms
from imgcheck.imaging.registration import NotRegistered
from tests.imaging.ground import view

_UTM = (1.5, 0.0, 600_000.0, 0.0, -1.5, 3_918_000.0)


def taken(plan, *, elevation, azimuth, greenness, seed):
    shot = scene.render(
        plan,
        gsd=1.5,
        sun_elevation_deg=elevation,
        sun_azimuth_deg=azimuth,
        greenness=greenness,
        seed=seed,
        oversample=1,
        noise=0.02,
    )
    weights = np.float32([0.299, 0.587, 0.114])
    return (shot.rgb.astype(np.float32) @ weights / 255).astype(np.float32)


@pytest.fixture(scope="module")
def dates():
    plan = scene.arid_plain(seed=5, width_m=840.0, height_m=690.0)
    return (
        taken(plan, elevation=58.0, azimuth=150.0, greenness=0.9, seed=1),
        taken(plan, elevation=27.0, azimuth=235.0, greenness=0.05, seed=2),
    )


@pytest.mark.slow
def test_the_mirror_image_of_another_date_is_placed_only_when_asked_for(dates, monkeypatch):
    monkeypatch.setattr(geo.locating.features, "register", lambda *a, **k: NotRegistered(reason=""))
    before, after = dates
    picture, truth = view(after, size=260, angle=205, scale=0.85, centre=(300.0, 250.0))
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    known = geo.of_arrays(before, transform=_UTM, crs="EPSG:32637")

    def locate(mirrored_too):
        prior = geo.Prior(gsd_m=(1.5, 2.1), mirrored=mirrored_too)
        return geo.locate(mirrored, [known], prior=prior)

    assert isinstance(locate(False), geo.NotPlaced)
    found = locate(True)
    assert isinstance(found, geo.Placed) and found.mirrored, found
    assert found.path == "structural"
    flip = np.array([[-1.0, 0, mirrored.shape[1]], [0, 1, 0], [0, 0, 1]])
    ring = transforms.corners(mirrored.shape)
    gap = transforms.apply(found.registration.matrix, ring) - transforms.apply(truth @ flip, ring)
    assert np.hypot(*gap.T).max() < 3
    assert found.false_match_probability < 4e-3  # upper limit of 0 in 1,136
