"""Benchmarks of imgcheck.detect on real pictures and rendered ground; prints markdown tables.

python -m tests.benchmarks.detect vehicles
python -m tests.benchmarks.detect speed
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import detect
from imgcheck.detect import centres, counting, shipped, vehicle_search
from imgcheck.quantity import binomial_interval, poisson_interval
from tests.benchmarks import calibrate
from training import matching, second_look
from training import pictures as data
from training.jpeg import saved
from training.matching import Compared


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    head = list(head)
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def _share(hits: int, trials: int) -> str:
    if not trials:
        return "-"
    span = binomial_interval(hits, trials)
    return f"{hits / trials:.2f} [{span.low:.2f}, {span.high:.2f}] ({hits}/{trials})"


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


VARIANTS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "JPEG q85": lambda picture: saved(picture, 85),
    "grey": lambda picture: saved(_grey(picture), 85),
    "JPEG q40": lambda picture: saved(picture, 40),
}
GROUNDS = (("seneca", 0.02), ("seneca", 0.1), ("niza", 0.02), ("niza", 0.1),
           ("brighton", 0.02), ("brighton", 0.1), ("neon", 0.1))  # fmt: skip


def _scene(
    name: str, gsd: float, variant: str, every: int, net: cv2.dnn.Net | None
) -> list[Compared]:
    return [
        matching.compare(
            VARIANTS[variant](picture), matching.upright(boxes), place=name, gsd=gsd, net=net
        )
        for picture, boxes in data.vehicle_frames(name, gsd=gsd, every=every)
    ]


def _looks(pictures: int) -> list[Compared]:
    return [
        matching.compare(rgb, boxes.astype(float), place=f"look {number}", gsd=gsd)
        for number in second_look.REPORTED_ON
        for rgb, boxes, gsd in second_look.place(number, pictures=pictures)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Pictures of one kind, and the calibration that goes with the weights that searched them."""

    name: str
    rows: list[Compared]
    model: shipped.VehicleModel


def _weights(name: str, folder: Path | None) -> tuple[cv2.dnn.Net, shipped.VehicleModel] | None:
    """Return weights and calibration in which a scene had no part; None if there are none."""
    if name not in data.STREETS:
        return centres.read("vehicles.onnx"), shipped.vehicle_model()
    if folder is None or not (folder / f"{name}.onnx").exists():
        return None
    calibration = json.loads((folder / f"{name}.json").read_text("utf-8"))
    net = centres.load((folder / f"{name}.onnx").read_bytes())
    return net, shipped.vehicle_model_of(calibration)


def vehicles(every: int, without: Path | None) -> None:
    """Detection at the threshold, reliability of p, counts, sizes, empty ground.

    The shipped weights have seen both streets. ``without`` is a folder with STREET.onnx and
    STREET.json, the same recipe without that street; a street without them is left out.
    """
    measured: list[_Measured] = []
    for name in data.REPORTED_ON:
        found = _weights(name, without)
        if found is None:
            print(f"{name} is left out: no weights without it\n")
            continue
        net, model = found
        kinds = [(gsd, "JPEG q85") for gsd in (0.3, 0.5, 0.7, 1.0)]
        for gsd, variant in (*kinds, (0.3, "grey"), (0.3, "JPEG q40")):
            title = f"{name} {gsd} m" + (f" {variant}" if variant != "JPEG q85" else "")
            rows = _scene(name, gsd, variant, every, net)
            measured.append(_Measured(name=title, rows=rows, model=model))
    model = shipped.vehicle_model()
    measured.append(_Measured(name="second look (rendered)", rows=_looks(4), model=model))
    _table(
        ("scene", "pictures", "precision [95 %]", "recall [95 %]", "F1",
         "heading error median, P90", "length ratio sd", "width ratio sd"),
        (_detection(one) for one in measured),
    )  # fmt: skip
    print("Frames of one scene show the same parked cars: the intervals are too narrow.\n")
    plain = [one for one in measured if "grey" not in one.name and "q40" not in one.name]
    _reliability(plain)
    _counts(measured)
    _decisions(plain)
    _empty_ground(model)


def _detection(one: _Measured) -> tuple[object, ...]:
    rows, threshold = one.rows, one.model.threshold
    real, false, truth = matching.rates(rows, threshold)
    table = np.concatenate([r.sizes for r in rows])
    spread = [float(np.nanstd(np.log(table[:, k] / table[:, k + 1]))) for k in (0, 2)]
    turn = np.nanquantile(table[:, 4], [0.5, 0.9])
    return (
        one.name, len(rows), _share(real, real + false), _share(real, truth),
        f"{matching.f1(rows, threshold):.3f}", f"{turn[0]:.1f}, {turn[1]:.1f}",
        f"{spread[0]:.2f}", f"{spread[1]:.2f}",
    )  # fmt: skip


def _reliability(measured: list[_Measured]) -> None:
    pairs = []
    for r, model in ((r, one.model) for one in measured for r in one.rows):
        keep = (r.score >= model.threshold) & (r.label >= 0)
        p = vehicle_search.probability(r.score[keep], effective=r.effective, model=model)
        pairs += list(zip([r.place.startswith("look")] * len(p), p, r.label[keep], strict=True))
    values = np.array(pairs, float)
    lines = []
    for low, high in ((0.0, 0.35), (0.35, 0.55), (0.55, 0.75), (0.75, 0.9), (0.9, 1.01)):
        cells: list[object] = [f"{low:g}-{min(high, 1):g}"]
        for rendered in (0, 1):
            mine = values[
                (values[:, 0] == rendered) & (values[:, 1] >= low) & (values[:, 1] < high)
            ]
            said = f"{mine[:, 1].mean():.2f}" if len(mine) else "-"
            cells += [said, _share(int(mine[:, 2].sum()), len(mine))]
        lines.append(cells)
    _table(("p", "mean p", "real, real scenes", "mean p", "real, second look"), lines)


def _number(row: Compared, model: shipped.VehicleModel) -> detect.CountEstimate:
    """Count as the package does, from scores that were computed before."""
    found = detect.Detections(
        kind="vehicle",
        proposals=tuple(
            detect.Proposal(kind="vehicle", cx=0, cy=0, length=1, width=1, heading=0, score=s)
            for s in row.score[row.score >= model.threshold]
        ),
        gsd=0.3, effective_gsd=row.effective, searched_m=vehicle_search.LENGTHS_M, limit_m=3.3,
        threshold=model.threshold,
        calibration=model.calibration if row.effective <= model.coarsest_m else None,
    )  # fmt: skip
    return detect.count(found)


def _counts(measured: list[_Measured]) -> None:
    lines = []
    for one in measured:
        name, mine = one.name, one.rows
        numbers = [_number(r, one.model) for r in mine]
        bounded = [(n, r.truth) for n, r in zip(numbers, mine, strict=True) if n.high is not None]
        held = sum(n.low <= t <= (n.high or 0) for n, t in bounded)
        wide = [((n.high or 0) - n.low) / max(t, 1) for n, t in bounded]
        error = sum((n.median or 0) - t for n, t in bounded) / max(sum(t for _, t in bounded), 1)
        lines.append(
            (name, len(mine), len(bounded), _share(held, len(bounded)), f"{error:+.0%}",
             f"{np.median(wide):.2f}" if wide else "-")
        )  # fmt: skip
    _table(
        ("scene", "pictures", "bounded", "truth in 90 % interval", "error of the sum",
         "median width / truth"), lines,
    )  # fmt: skip


def _decisions(measured: list[_Measured]) -> None:
    """Claims that are just false: one more than there is at least, one fewer at most.

    Places are the trials, not pictures: those of one place err together.
    """
    wrong: dict[str, bool] = {}
    for r, model in ((r, one.model) for one in measured for r in one.rows):
        place = r.place.split(" 0")[0]
        wrong.setdefault(place, False)
        if _number(r, model).high is None:
            continue
        score = r.score[r.score >= model.threshold]
        least = _chance(score, r, model, r.truth + 1) >= 0.99
        wrong[place] |= least
    calibrate.write(
        "detect.vehicle-count",
        "wrong number",
        errors=sum(wrong.values()),
        trials=len(wrong),
        what="places had a picture in which the number of vehicles was overstated",
        calibration="docs/benchmarks/detect.md, vehicles",
    )
    print(f"places with an overstated number at 99 %: {sum(wrong.values())} of {len(wrong)}\n")


def _chance(
    score: NDArray[np.float64], row: Compared, model: shipped.VehicleModel, least: int
) -> float:
    rng = np.random.default_rng(1)
    real = counting.real_vehicles(model.odds(score, effective=row.effective), model, rng)
    share = counting.recall_of_vehicles(score, model, rng)
    return float(np.mean(real + rng.negative_binomial(real + 1, share) >= least))


def _empty_ground(model: shipped.VehicleModel) -> None:
    rows = []
    for name, gsd in GROUNDS:
        none = np.zeros((0, 5))
        mine = [
            matching.compare(picture, none, place=name, gsd=gsd)
            for picture in data.empty_ground(name, part=1)
        ]
        number = sum(int((r.score >= model.threshold).sum()) for r in mine)
        hectares = sum(r.hectares for r in mine)
        span = poisson_interval(number)
        rows.append(
            (name, gsd, f"{hectares:.2f}", number,
             f"{number / hectares:.2f} [{span.low / hectares:.2f}, {span.high / hectares:.2f}]")
        )  # fmt: skip
    _table(("ground", "gsd m (assumed)", "hectares", "false", "false a hectare"), rows)


def speed() -> None:
    """Wall time and processor time, second call."""
    picture = data.place("dji_minsk_0005", most=1)[0]
    rgb = cv2.resize(picture, (1280, 960), interpolation=cv2.INTER_AREA)
    gray = cv2.resize(data.gray(picture), (1000, 800), interpolation=cv2.INTER_AREA)
    jobs: list[tuple[str, Callable[[], object]]] = [
        ("vehicles 1280 x 960, 0.3 m", lambda: detect.vehicles(rgb, gsd=0.3)),
        ("vehicles 1280 x 960, 0.5 m", lambda: detect.vehicles(rgb, gsd=0.5)),
        ("craters 1000 x 800", lambda: detect.craters(gray, gsd=0.3, sun_azimuth_deg=140)),
        ("craters 1000 x 800, no azimuth", lambda: detect.craters(gray, gsd=0.3)),
        ("power 1000 x 800", lambda: detect.power(gray, gsd=0.3, sun_azimuth_deg=140)),
    ]
    rows = []
    for name, job in jobs:
        job()
        wall, processor = time.perf_counter(), time.process_time()
        job()
        rows.append((name, f"{time.perf_counter() - wall:.2f}",
                     f"{time.process_time() - processor:.2f}"))  # fmt: skip
    _table(("job", "seconds", "processor seconds"), rows)


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("vehicles", "speed"))
    parser.add_argument("--every", type=int, default=1, help="vehicles: every n-th frame")
    parser.add_argument("--without", type=Path, help="vehicles: weights without a street each")
    options = parser.parse_args()
    if options.what == "vehicles":
        vehicles(options.every, options.without)
    else:
        speed()


if __name__ == "__main__":
    main()
