"""Render the sample cases: pictures, dated references, known pictures and their exact truth.

    python samples/build.py [CASE ...]

writes ``post.jpg``, ``reference/``, ``known/``, ``SOURCE.md`` and ``truth.json`` of each case
beside this file. Same versions, same bytes. The claims and the expected verdicts are written by
people who know the truth, not here.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from staging import (
    Shot,
    Site,
    camera_exif,
    erase,
    jpeg,
    references,
    rows_of,
    source_page,
    take,
    truth_of_post,
    utc,
    without_manifest,
    write_json,
)

from imgcheck import scene

HERE = Path(__file__).resolve().parent
Truth = dict[str, Any]


def strong_point(folder: Path) -> Truth:
    """Restage the model case: an annotated post between two dated references."""
    plan = scene.arid_plain(seed=1710, width_m=450, height_m=350)
    camp = (
        scene.Berm(points=((150, 66), (196, 58), (262, 64)), height_m=1.7),
        scene.Berm(points=((272, 72), (280, 118), (268, 146)), height_m=1.7),
        scene.Berm(points=((254, 150), (176, 156), (150, 144)), height_m=1.6),
        scene.Berm(points=((143, 134), (139, 100), (143, 76)), height_m=1.6),
    )
    houses = (
        scene.Building(x_m=318, y_m=88, length_m=17, width_m=10, heading_deg=82),
        scene.Building(x_m=336, y_m=108, length_m=11, width_m=9, heading_deg=82),
        scene.Building(x_m=311, y_m=112, length_m=8, width_m=6, height_m=3, heading_deg=172),
    )
    worn = tuple(
        scene.Road(points=scene.wander(*ends, seed=n, sway_m=6), width_m=1.8, ruts=True)
        for n, ends in enumerate(
            [
                ((264, 176), (262, 148)),
                ((262, 148), (176, 96)),
                ((262, 148), (240, 80)),
                ((240, 80), (160, 120)),
                ((160, 120), (250, 130)),
                ((264, 176), (326, 120)),
                ((230, 100), (150, 110)),
            ]
        )
    )
    plan = replace(plan, berms=camp, buildings=houses, roads=(*plan.roads, *worn))
    site = Site(lon=40.15, lat=35.40, plan=plan)
    before = scene.parked(
        [(172, 88), (182, 87), (238, 132), (300, 100), (330, 128), (204, 176)], seed=31
    )
    lined = rows_of(168, 82, cols=5, rows=1, dx=10.5, dy=0, turn_deg=-6)
    second = rows_of(180, 134, cols=4, rows=1, dx=11, dy=0, turn_deg=-4)
    loose = [(236, 92), (250, 112), (322, 128), (304, 96), (206, 178)]
    during = (
        scene.parked(lined, seed=32, heading_deg=172)
        + scene.parked(second, seed=33, heading_deg=8)
        + scene.parked(loose, seed=34)
    )
    after = scene.parked(
        [
            *[(166, 128), (176, 130), (186, 129), (210, 84), (222, 85), (244, 84)],
            *[(256, 100), (258, 126), (316, 128), (298, 92), (190, 180)],
        ],
        seed=35,
    )
    shots = [
        Shot(when=utc("2017-08-28T08:17:00"), gsd=0.5, seed=41, objects={"vehicles": before}),
        Shot(
            when=utc("2017-09-20T08:09:00"),
            gsd=0.5,
            seed=42,
            objects={"vehicles": after},
            tint=(1.02, 1.0, 0.95),
            haze=0.06,
        ),
    ]
    posted_shot = Shot(
        when=utc("2017-09-10T08:00:00"),
        gsd=0.25,
        seed=43,
        objects={"vehicles": during},
        haze=0.05,
        noise=0.02,
        blur_px=0.8,
    )
    rendering = take(site, posted_shot)
    marks: list[scene.Annotation] = []
    gsd = posted_shot.gsd
    for points, margin in ((lined, 7.0), (second, 7.0)):
        xs, ys = [p[0] / gsd for p in points], [p[1] / gsd for p in points]
        pad = margin / gsd
        frame = scene.Frame(x0=min(xs) - pad, y0=min(ys) - pad, x1=max(xs) + pad, y1=max(ys) + pad)
        marks.append(frame)
    for (x, y), direction in zip(loose, (20.0, 110.0, 150.0, 60.0, 200.0), strict=True):
        marks.append(scene.Arrow(x=x / gsd, y=y / gsd, from_deg=direction, length_px=58))
    marks += [
        scene.Caption(text="HUMMER", place="free", x=247 / gsd, y=68 / gsd, bar_px=30),
        scene.Caption(text="DEIR EZ-ZOR AREA, LEFT BANK OF THE EUPHRATES", place="top"),
        scene.Caption(text="8-12 SEPTEMBER 2017   (rendered sample)", place="bottom", bar_px=36),
    ]
    posted = scene.post(
        rendering.rgb,
        crop=(180, 170, 1400, 1040),
        rotate_deg=-11.0,
        scale=0.8,
        gamma=0.95,
        annotations=tuple(marks),
        history=(scene.Save(quality=82), scene.Save(quality=72, cut_px=(5, 3))),
    )
    (folder / "post.jpg").write_bytes(posted.data)
    return {
        "ground_seed": 1710,
        "post": truth_of_post(site, posted_shot, rendering, posted),
        "references": references(folder, site, shots),
        "known": [],
        "notes": [
            "No crater, of any size, is in the scene at any date.",
            "Berms and buildings are the same at all three dates; only vehicles moved.",
            "Red arrows, yellow frames and three black caption bars were drawn before the last "
            "save. The picture under them was saved twice (quality 82, then 72 with the grid "
            "shifted by 5, 3), the drawings once.",
            "The caption names 8-12 September 2017; the acquisition is of 10 September 2017.",
            "The vehicles are plain boxes of stated size: no type can be told from them.",
        ],
    }


def recycled(folder: Path) -> Truth:
    """Post a crop of an older picture as new."""
    known = folder / "known"
    known.mkdir(exist_ok=True)
    plan = scene.arid_plain(seed=1506, width_m=420, height_m=315)
    houses = (
        scene.Building(x_m=180, y_m=92, length_m=20, width_m=11, heading_deg=75),
        scene.Building(x_m=206, y_m=106, length_m=12, width_m=9, heading_deg=75),
    )
    camp = (scene.Berm(points=((222, 60), (300, 66), (306, 120), (240, 132))),)
    site = Site(lon=40.095, lat=35.447, plan=replace(plan, buildings=houses, berms=camp))
    cars = scene.parked(
        [*rows_of(244, 80, cols=4, rows=2, dx=12, dy=20), (190, 130), (150, 70)], seed=51
    )
    older = Shot(
        when=utc("2015-06-14T07:41:00"), gsd=0.32, seed=52, objects={"vehicles": cars}, noise=0.015
    )
    rendering = take(site, older)
    first = scene.post(
        rendering.rgb,
        history=(scene.Save(quality=82),),
        exif=camera_exif(older.when, hours=3),
    )
    (known / "older.jpg").write_bytes(first.data)

    earlier = Shot(
        when=utc("2014-06-03T08:11:00"),
        gsd=0.6,
        seed=53,
        objects={"vehicles": (), "berms": ()},
        tint=(1.0, 0.98, 0.93),
    )
    (known / "same-place-2014.jpg").write_bytes(jpeg(take(site, earlier).rgb, quality=75))
    for number in range(1, 5):
        other = Site(
            lon=40.0, lat=35.5, plan=scene.arid_plain(seed=160 + number, width_m=260, height_m=195)
        )
        shot = Shot(when=utc(f"2016-0{number + 4}-11T08:05:00"), gsd=0.5, seed=number, objects={})
        picture = jpeg(take(other, shot).rgb, quality=72)
        (known / f"other-{number}.jpg").write_bytes(picture)

    from_file = scene.decode(first.data)
    rows, cols = from_file.shape[:2]
    posted = scene.post(
        from_file,
        crop=(0.27 * cols, 0.06 * rows, 0.6 * cols, 0.6 * rows),
        scale=0.8,
        annotations=(scene.Caption(text="10 SEPTEMBER 2017   (rendered sample)", bar_px=30),),
        history=(scene.Save(quality=60),),
    )
    (folder / "post.jpg").write_bytes(posted.data)

    # The place that the words name: other ground, some kilometres away.
    claimed = Site(
        lon=40.15, lat=35.40, plan=scene.arid_plain(seed=1711, width_m=400, height_m=300)
    )
    there = Shot(when=utc("2017-09-05T08:12:00"), gsd=0.8, seed=54, objects={})
    return {
        "ground_seed": 1506,
        "post": truth_of_post(site, older, rendering, posted),
        "references": references(folder, claimed, [there]),
        "known": [
            {
                "file": "known/older.jpg",
                "relation": "derived",
                "acquired": older.when.isoformat(),
                "transform_post_px_to_known_px": [
                    [round(float(v), 8) for v in row] for row in np.linalg.inv(posted.matrix)
                ],
            },
            {"file": "known/same-place-2014.jpg", "relation": "same-place"},
            *({"file": f"known/other-{n}.jpg", "relation": "unrelated"} for n in range(1, 5)),
        ],
        "notes": [
            "The post is a crop (60 % of each side) of known/older.jpg, reduced to 0.8, with a "
            "caption bar, saved at quality 60. It is therefore of 14 June 2015.",
            "The caption says 10 September 2017.",
            "The reference shows the claimed place, which is not the place of the picture: the "
            "post cannot be placed on it, and that contradicts nothing by itself.",
            "known/older.jpg carries EXIF times of 2015; the post carries no metadata.",
        ],
    }


def wrong_date(folder: Path) -> Truth:
    """Post a picture that lacks what stood there on the claimed date."""
    plan = scene.arid_plain(seed=1728, width_m=450, height_m=348)
    old_house = scene.Building(x_m=96, y_m=104, length_m=16, width_m=10, heading_deg=95)
    site = Site(lon=40.205, lat=35.372, plan=replace(plan, buildings=(old_house,)))
    built = {
        "buildings": (
            old_house,
            scene.Building(x_m=236, y_m=82, length_m=26, width_m=13, height_m=4.5, heading_deg=80),
            scene.Building(x_m=272, y_m=94, length_m=22, width_m=12, height_m=4, heading_deg=80),
            scene.Building(x_m=246, y_m=120, length_m=18, width_m=12, height_m=4, heading_deg=170),
            scene.Building(x_m=284, y_m=128, length_m=12, width_m=10, heading_deg=80),
        ),
        "berms": (
            scene.Berm(points=((204, 60), (310, 50), (322, 112)), height_m=2.2, width_m=6),
            scene.Berm(points=((318, 128), (314, 152), (268, 157)), height_m=2.2),
            scene.Berm(points=((252, 159), (222, 162), (208, 120)), height_m=2.2),
        ),
        "roads": (
            *plan.roads,
            scene.Road(points=((258, 196), (262, 160), (258, 108)), width_m=6, opacity=0.85),
        ),
    }
    cars = {
        "2017-05-20": scene.parked([(110, 118), (180, 150)], seed=61),
        "2017-07-05": scene.parked([(88, 120), (300, 170), (150, 60)], seed=62),
        "2017-08-15": scene.parked([(112, 92), (256, 140), (224, 104)], seed=63),
        "2017-10-02": scene.parked([(84, 118), (262, 138), (290, 110), (232, 108)], seed=64),
    }
    times = ("08:14:00", "08:06:00", "08:19:00", "08:10:00")
    shots = [
        Shot(
            when=utc(f"{day}T{clock}"),
            gsd=0.6,
            seed=70 + k,
            objects={"vehicles": cars[day], **(built if day >= "2017-08" else {})},
            tint=(1.0, 1.0 - 0.01 * k, 0.98 - 0.01 * k),
            haze=0.02 + 0.015 * k,
        )
        for k, (day, clock) in enumerate(zip(cars, times, strict=True))
    ]
    posted_shot = Shot(
        when=utc("2017-06-22T06:40:00"),
        gsd=0.33,
        seed=75,
        objects={"vehicles": scene.parked([(104, 90), (240, 100), (252, 98), (276, 142)], seed=65)},
        noise=0.018,
        blur_px=0.8,
    )
    rendering = take(site, posted_shot)
    posted = scene.post(
        rendering.rgb,
        crop=(150, 60, 1080, 700),
        rotate_deg=4.0,
        scale=1.0,
        annotations=(scene.Caption(text="9 SEPTEMBER 2017   (rendered sample)", bar_px=34),),
        history=(scene.Save(quality=78),),
    )
    (folder / "post.jpg").write_bytes(posted.data)
    return {
        "ground_seed": 1728,
        "post": truth_of_post(site, posted_shot, rendering, posted),
        "references": references(folder, site, shots, quality=86),
        "known": [],
        "change": {
            "after": "2017-07-05",
            "before": "2017-08-15",
            "what": "four buildings, three banks of earth and a road, all within the post's frame",
        },
        "notes": [
            "Between the references of 5 July and 15 August 2017 a compound appears (four "
            "buildings, three banks, a road) and stays in all later references.",
            "The post was taken on 22 June 2017 and lacks all of it; the caption says "
            "9 September 2017.",
            "One older building stands in all pictures. Vehicles differ everywhere.",
        ],
    }


def honest(folder: Path) -> Truth:
    """Post a picture as it came from the camera, with true words."""
    plan = scene.arid_plain(seed=1833, width_m=430, height_m=330)
    houses = (
        scene.Building(x_m=150, y_m=70, length_m=18, width_m=11, heading_deg=60),
        scene.Building(x_m=170, y_m=90, length_m=12, width_m=8, heading_deg=60),
        scene.Building(x_m=300, y_m=120, length_m=14, width_m=9, heading_deg=110),
    )
    site = Site(lon=40.178, lat=35.385, plan=replace(plan, buildings=houses))
    shots = [
        Shot(
            when=utc("2017-08-30T08:15:00"),
            gsd=0.6,
            seed=81,
            objects={"vehicles": scene.parked([(160, 110), (280, 136)], seed=82)},
        ),
        Shot(
            when=utc("2017-09-18T08:07:00"),
            gsd=0.6,
            seed=83,
            objects={"vehicles": scene.parked([(136, 84), (176, 112), (316, 132)], seed=84)},
            haze=0.05,
        ),
    ]
    parked = scene.parked([(142, 92), (156, 104), (290, 134), (222, 150), (186, 74)], seed=85)
    posted_shot = Shot(
        when=utc("2017-09-10T08:04:12"),
        gsd=0.28,
        seed=86,
        objects={"vehicles": parked},
        window=scene.Window(left_m=85, top_m=30, width_m=280, height_m=210),
    )
    rendering = take(site, posted_shot)
    draft = scene.post(rendering.rgb)
    centre = truth_of_post(site, posted_shot, rendering, draft)["centre_lonlat"]
    posted = scene.post(
        rendering.rgb,
        history=(scene.Save(quality=88, subsampling="4:2:2"),),
        exif=camera_exif(posted_shot.when, hours=3, place=(centre[0], centre[1])),
    )
    (folder / "post.jpg").write_bytes(posted.data)
    return {
        "ground_seed": 1833,
        "post": truth_of_post(site, posted_shot, rendering, posted),
        "references": references(folder, site, shots, quality=86),
        "known": [],
        "exif": {
            "DateTimeOriginal": "2017:09:10 11:04:12",
            "OffsetTimeOriginal": "+03:00",
            "gps_lonlat": centre,
        },
        "notes": [
            "One save from the camera (quality 88, 4:2:2), north up, nothing drawn, nothing cut.",
            "EXIF holds the local time with its zone, and a GPS fix at the picture's centre with "
            "UTC: 2017-09-10 08:04:12.",
            "Ground and buildings are the same in both references; only vehicles moved.",
        ],
    }


def erased(folder: Path) -> Truth:
    """Post a picture from which two objects were erased, beside its earlier copy."""
    known = folder / "known"
    known.mkdir(exist_ok=True)
    plan = scene.arid_plain(seed=1914, width_m=330, height_m=250)
    houses = (
        scene.Building(x_m=120, y_m=70, length_m=17, width_m=10, heading_deg=70),
        scene.Building(x_m=142, y_m=84, length_m=12, width_m=8, heading_deg=70),
        scene.Building(x_m=226, y_m=150, length_m=14, width_m=10, heading_deg=110),
    )
    site = Site(lon=40.13, lat=35.41, plan=replace(plan, buildings=houses))
    cars = scene.parked(
        [(96, 100), (176, 96), (190, 118), (150, 150), (206, 80), (236, 118)], seed=91
    )
    shot = Shot(
        when=utc("2017-09-07T08:02:00"),
        gsd=0.3,
        seed=92,
        objects={"vehicles": cars},
        noise=0.015,
        window=scene.Window(left_m=60, top_m=40, width_m=210, height_m=150),
    )
    rendering = take(site, shot)
    first = scene.post(rendering.rgb, history=(scene.Save(quality=88),))
    (known / "earlier.jpg").write_bytes(first.data)

    # The forger worked on the file that was posted first.
    pixels = scene.decode(first.data)
    spots = []
    for item in rendering.truth.objects:
        if item.label == "vehicle" and len(spots) < 2 and 60 < item.x_px < 640:
            spots.append((round(item.x_px), round(item.y_px)))
    altered = pixels.copy()
    for x, y in spots:
        altered = erase(altered, x, y, radius_px=16)
    posted = scene.post(
        altered,
        scale=0.9,
        annotations=(scene.Caption(text="8 SEPTEMBER 2017   (rendered sample)", bar_px=26),),
        history=(scene.Save(quality=80),),
    )
    (folder / "post.jpg").write_bytes(posted.data)
    places = [posted.matrix @ [x + 0.5, y + 0.5, 1] for x, y in spots]
    return {
        "ground_seed": 1914,
        "post": truth_of_post(site, shot, rendering, posted),
        "references": [],
        "known": [{"file": "known/earlier.jpg", "relation": "derived"}],
        "altered": [
            {"what": "a vehicle was erased", "x": round(float(p[0]), 2), "y": round(float(p[1]), 2)}
            for p in places
        ],
        "notes": [
            "The post is known/earlier.jpg with two vehicles erased (filled from their "
            "surroundings), a caption bar drawn, reduced to 0.9 and saved at quality 80. The "
            "objects listed in truth.json are those of the scene as it was taken.",
            "The caption names 8 September 2017; the acquisition is of 7 September 2017.",
        ],
    }


def signed(folder: Path) -> Truth:
    """Post a picture with content credentials of a signer whom nobody vouches for."""
    sys.path.insert(0, str(HERE.parent))
    from tests.provenance.signing import sign

    site = Site(lon=40.12, lat=35.43, plan=scene.arid_plain(seed=2017, width_m=220, height_m=165))
    cars = scene.parked([(70, 60), (96, 84), (130, 70), (150, 110)], seed=96)
    shot = Shot(
        when=utc("2017-09-09T08:11:30"), gsd=0.45, seed=97, objects={"vehicles": cars}, noise=0.012
    )
    rendering = take(site, shot)
    draft = scene.post(rendering.rgb)
    centre = truth_of_post(site, shot, rendering, draft)["centre_lonlat"]
    exif = camera_exif(shot.when, hours=3, place=(centre[0], centre[1]))
    posted = scene.post(rendering.rgb, history=(scene.Save(quality=85),), exif=exif)
    target = folder / "post.jpg"
    # Labels and salts of a manifest are random: the file is signed again only when the picture
    # under the signature has changed.
    if not target.exists() or without_manifest(target.read_bytes()) != posted.data:
        words = {
            "label": "stds.exif",
            "data": {
                "@context": {"exif": "http://ns.adobe.com/exif/1.0/"},
                "exif:DateTimeOriginal": "2017-09-09T11:11:30+03:00",
                "exif:GPSLatitude": f"{centre[1]:.7f}",
                "exif:GPSLongitude": f"{centre[0]:.7f}",
            },
        }
        target.write_bytes(sign(posted.data, title="post.jpg", assertions=(words,)))
    return {
        "ground_seed": 2017,
        "post": truth_of_post(site, shot, rendering, posted),
        "references": [],
        "known": [],
        "notes": [
            "One save (quality 85), then signed as C2PA content credentials with a certificate "
            "made for this sample, whose key anyone can make again: on no trust list.",
            "The signature covers picture and EXIF; signed time and position are those of EXIF.",
            "The signed part of the file is not the same bytes when it is built anew.",
        ],
    }


def street(folder: Path) -> Truth:
    """Post a picture of a street whose shadows tell the hour: two cases share it."""
    plan = scene.arid_plain(seed=2203, width_m=300, height_m=230)
    houses = tuple(
        scene.Building(
            x_m=88 + 34 * k, y_m=78 + 44 * row, length_m=15 + k, width_m=9, height_m=5 + row,
            heading_deg=97,
        )
        for row in (0, 1)
        for k in range(4)
    )  # fmt: skip
    road = scene.Road(points=((60, 96), (240, 104)), width_m=7)
    plan = replace(plan, buildings=houses, roads=(road,), fields=(), rivers=())
    site = Site(lon=30.2302, lat=50.5418, plan=plan, epsg=32636)
    shot = Shot(
        when=utc("2022-03-19T09:08:31"),
        gsd=0.3,
        seed=220,
        objects={"vehicles": scene.parked([(110, 98), (150, 101), (206, 101)], seed=221)},
        window=scene.Window(left_m=60, top_m=50, width_m=170, height_m=120),
    )
    rendering = take(site, shot)
    posted = scene.post(rendering.rgb, history=(scene.Save(quality=82),))
    (folder / "post.jpg").write_bytes(posted.data)
    return {
        "ground_seed": 2203,
        "post": truth_of_post(site, shot, rendering, posted),
        "references": [],
        "known": [],
        "notes": [
            "Rendered for 19 March 2022, 09:08:31 UTC. shadow-fits-time claims that time, "
            "shadow-against-time claims 1 April 2022, 11:57 UTC: the sun then stood 56 degrees "
            "farther west and within one degree of the same height.",
            "The measured direction in the claims is 341 +- 1.5 degrees (the sun at 161), half a "
            "degree from the truth.",
        ],
    }


def other_season(folder: Path) -> Truth:
    """Post a turned, annotated picture of an afternoon in winter beside a morning in spring."""
    plan = scene.arid_plain(seed=5, width_m=840, height_m=690)
    site = Site(lon=40.21, lat=35.37, plan=plan)
    shots = [Shot(when=utc("2017-04-20T08:20:00"), gsd=1.5, seed=141, objects={}, noise=0.02)]
    posted_shot = Shot(
        when=utc("2017-12-12T11:55:00"),
        gsd=1.5,
        seed=142,
        objects={},
        noise=0.03,
        haze=0.06,
        blur_px=0.8,
    )
    rendering = take(site, posted_shot)
    # Dark shown bright, as some thermal cameras do: details are no longer alike, edges are.
    gray = rendering.rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    negative = np.repeat(np.round(255 - gray).astype(np.uint8)[..., None], 3, axis=2)
    posted = scene.post(
        negative,
        crop=(110, 75, 440, 365),
        rotate_deg=155.0,
        scale=0.9,
        gamma=1.15,
        annotations=(
            scene.Arrow(x=150, y=140, from_deg=40.0, length_px=60),
            scene.Caption(text="NORTHERN POSITIONS   (rendered sample)", place="top", bar_px=24),
        ),
        history=(scene.Save(quality=70),),
    )
    (folder / "post.jpg").write_bytes(posted.data)
    return {
        "ground_seed": 5,
        "post": truth_of_post(site, posted_shot, rendering, posted),
        "references": references(folder, site, shots),
        "known": [],
        "notes": [
            "Reference and post show the same ground at other hours and in other seasons: the sun "
            "stood high in the south-east, then low in the south-west; plants were green, then "
            "dry.",
            "The post is a gray negative, as of a thermal camera that shows heat dark, turned by "
            "155 degrees, drawn on and saved once (quality 70).",
            "Local features do not agree between the two; the directions of edges do.",
        ],
    }


def older_image(folder: Path) -> Truth:
    """Post a part of a satellite image of the year before as this week's picture."""
    plan = scene.arid_plain(seed=1912, width_m=420, height_m=330)
    houses = (
        scene.Building(x_m=190, y_m=120, length_m=20, width_m=12, heading_deg=70),
        scene.Building(x_m=226, y_m=150, length_m=14, width_m=10, heading_deg=70),
        scene.Building(x_m=150, y_m=190, length_m=16, width_m=9, heading_deg=120),
    )
    site = Site(lon=40.242, lat=35.361, plan=replace(plan, buildings=houses))
    shot = Shot(
        when=utc("2016-06-08T08:11:00"),
        gsd=0.6,
        seed=151,
        objects={"vehicles": scene.parked([(170, 140), (210, 175), (250, 120)], seed=152)},
    )
    truth = references(folder, site, [shot])
    rendering = take(site, shot)
    posted = scene.post(
        rendering.rgb,
        crop=(120, 90, 440, 320),
        scale=0.9,
        annotations=(
            scene.Arrow(x=190, y=120, from_deg=60.0, length_px=70),
            scene.Caption(text="11 SEPTEMBER 2017   (rendered sample)", bar_px=26),
        ),
        history=(scene.Save(quality=72),),
    )
    (folder / "post.jpg").write_bytes(posted.data)
    return {
        "ground_seed": 1912,
        "post": truth_of_post(site, shot, rendering, posted),
        "references": truth,
        "known": [],
        "notes": [
            "The post is a part of the reference of 8 June 2016, reduced to 0.9, drawn on and "
            "saved at quality 72.",
            "The caption says 11 September 2017.",
        ],
    }


CASES: dict[str, Callable[[Path], Truth]] = {
    "deir-ez-zor-2017": strong_point,
    "recycled-crop": recycled,
    "wrong-date": wrong_date,
    "honest-post": honest,
    "erased-vehicles": erased,
    "other-season": other_season,
    "older-image": older_image,
    "signed-post": signed,
    "shadow-fits-time": street,
    "shadow-against-time": street,
}


def main() -> None:
    """Build the named cases, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", help=f"default: all of {', '.join(CASES)}")
    for name in parser.parse_args().case or CASES:
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        truth = {"case": name, **CASES[name](folder)}
        write_json(folder / "truth.json", truth)
        (folder / "SOURCE.md").write_text(source_page(truth), encoding="utf-8")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{name}: {size / 1e6:.2f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
