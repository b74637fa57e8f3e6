"""Progress on stderr: a live line on a terminal, a plain line for slow steps elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imgcheck.imaging.text import printable

if TYPE_CHECKING:
    from rich.status import Status

# Below this many seconds a step is not worth a line in a log.
_QUIET_SECONDS = 2.0


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
