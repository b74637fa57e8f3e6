"""Progress on stderr: a live line on a terminal, plain lines for slow steps elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imgcheck.imaging.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID
    from rich.status import Status

# Below this many seconds a step is not worth a line in a log.
_QUIET_SECONDS = 2.0
# Lines of a long run in a log come this far apart, seconds.
_LINE_SECONDS = 20.0


class Progress:
    """Shows which step is running; silent for runs of less than two seconds.

    Steps may be named after files: nothing in them can steer the terminal.
    """

    def __init__(self, title: str) -> None:
        self.title = printable(title)
        self._live = sys.stderr.isatty()
        self._status: Status | None = None
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._live:
            from rich.console import Console
            from rich.markup import escape
            from rich.status import Status as Spinner

            self._status = Spinner(escape(self.title), console=Console(stderr=True))
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, step: str, position: int, total: int) -> None:
        """Return that a step begins."""
        line = printable(f"{self.title}: {step} ({position + 1} of {total})")
        if self._status is not None:
            from rich.markup import escape

            self._status.update(escape(line))
        elif time.monotonic() - self._said > _QUIET_SECONDS:
            print(line, file=sys.stderr, flush=True)
            self._said = time.monotonic()


class CountedProgress:
    """Shows how many ``unit`` are done and the time left; silent for short runs."""

    def __init__(self, title: str, unit: str) -> None:
        self.title = printable(title)
        self.unit = unit
        self._live = sys.stderr.isatty()
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int, earlier: int) -> None:
        """State that ``done`` of ``total`` are done, ``earlier`` of them by another run."""
        if self._live:
            self._draw(done, total, earlier)
            return
        now = time.monotonic()
        if now - self._said < _LINE_SECONDS:
            return
        self._said = now
        left = (now - self._began) / max(done - earlier, 1) * (total - done)
        before = f", {earlier} of them by an earlier run" if earlier else ""
        print(
            f"{self.title}: {done} of {total} {self.unit}{before}, about {_duration(left)} left",
            file=sys.stderr,
            flush=True,
        )

    def _draw(self, done: int, total: int, earlier: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self._bar is None:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=total, completed=earlier)
        assert self._task is not None
        self._bar.update(self._task, completed=done)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
