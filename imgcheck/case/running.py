"""Score the tiles of a pair in several threads, or on the workers of a Dask cluster."""

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from imgcheck.case.pair import OpenPair, Pair
from imgcheck.change.ledger import TileResult
from imgcheck.change.records import Tile
from imgcheck.change.tiling import Job, Runner, Unreadable
from imgcheck.errors import MissingDependencyError, UsageError
from imgcheck.imaging import Image

Results = Iterator[tuple[int, TileResult | Unreadable]]

# Tiles that are given to a cluster for each of its threads, so that none of them waits.
_AHEAD = 2


def by_threads(pair: Pair, images: tuple[Image, Image], jobs: int) -> Runner:
    """Score tiles in threads, each with readers of its own."""

    def run(job: Job, tiles: Sequence[Tile]) -> Results:
        todo = iter(list(enumerate(tiles)))
        lock, stop = threading.Lock(), threading.Event()
        done: queue.Queue[tuple[int, Any]] = queue.Queue(maxsize=2 * jobs)

        def work() -> None:
            try:
                source = pair.open(images)
                while not stop.is_set():
                    with lock:
                        index, tile = next(todo, (-1, None))
                    if tile is None:
                        break
                    _put(done, (index, job(source, tile)), stop)
                source.close()
            except BaseException as error:  # raised again where the results are taken
                _put(done, (-1, error), stop)

        workers = [threading.Thread(target=work, daemon=True) for _ in range(jobs)]
        for one in workers:
            one.start()
        try:
            for _ in tiles:
                index, result = done.get()
                if isinstance(result, BaseException):
                    raise result
                yield index, result
        finally:
            stop.set()
            for one in workers:
                one.join()

    return run


def _put(
    done: "queue.Queue[tuple[int, Any]]", item: tuple[int, Any], stop: threading.Event
) -> None:
    """Hand over a result, unless nobody takes it any more."""
    while not stop.is_set():
        try:
            done.put(item, timeout=0.2)
            return
        except queue.Full:
            continue


def by_dask(pair: Pair, address: str) -> Runner:
    """Score tiles on the workers of a Dask cluster, which must see the files at the same paths."""
    try:
        from distributed import Client
    except ImportError:
        raise MissingDependencyError(
            "--dask needs the package distributed; install it with: pip install imgcheck[dask]"
        ) from None

    def run(job: Job, tiles: Sequence[Tile]) -> Results:
        from distributed import as_completed

        try:
            client = Client(address, timeout="10s")
        except (OSError, ValueError, TimeoutError) as error:
            raise UsageError(
                f"--dask {address}: no scheduler answers there ({type(error).__name__}); give the "
                "address that 'dask scheduler' prints, for example tcp://127.0.0.1:8786"
            ) from None
        with client:
            shared = client.scatter((pair, job), broadcast=True)
            todo = iter(enumerate(tiles))
            threads = max(1, sum(client.nthreads().values()))
            numbers: dict[Any, int] = {}

            def submit() -> Any:
                index, tile = next(todo, (-1, None))
                if tile is None:
                    return None
                future = client.submit(_score, shared, tile, pure=False)
                numbers[future.key] = index
                return future

            first = [one for one in (submit() for _ in range(_AHEAD * threads)) if one is not None]
            completed = as_completed(first)
            for future in completed:
                yield numbers.pop(future.key), future.result()
                more = submit()
                if more is not None:
                    completed.add(more)

    return run


_LOCAL = threading.local()


def _score(shared: tuple[Pair, Job], tile: Tile) -> TileResult | Unreadable:
    """Score a tile on a worker; each of its threads keeps the files of one pair open."""
    pair, job = shared
    name = (pair.before.sha256, pair.after.sha256)
    if getattr(_LOCAL, "name", None) != name:
        if hasattr(_LOCAL, "source"):
            _LOCAL.source.close()
        _LOCAL.source, _LOCAL.name = pair.open(), name
    source: OpenPair = _LOCAL.source
    return job(source, tile)
