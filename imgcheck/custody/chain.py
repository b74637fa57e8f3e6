"""Following the chain of the log, and telling an accident from a change."""

from dataclasses import dataclass

from imgcheck.custody.entry import NO_LINE, Entry
from imgcheck.custody.head import Head
from imgcheck.custody.layout import HEAD, LOG
from imgcheck.custody.log import Line
from imgcheck.custody.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What the log and the head say together.

    Attributes
    ----------
    lines : tuple of Line
    problems : tuple of Problem
        Of them, those of kind ``interrupted`` can be taken up.
    unfinished : Entry or None
        A last line that stands in the log but not yet in the head.
    torn : tuple of Line
        Pieces of lines behind the head, that no line of recovery speaks of yet.
    """

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    unfinished: Entry | None = None
    torn: tuple[Line, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Give what could be read."""
        return tuple(line.entry for line in self.lines if line.entry is not None)

    @property
    def broken(self) -> tuple[Problem, ...]:
        """Give the problems that are more than an interrupted step."""
        return tuple(p for p in self.problems if p.kind != "interrupted")


def examine(lines: tuple[Line, ...], head: Head | None) -> Chain:
    """Follow the chain from the head back to the first line.

    The head vouches for the last line, each line for the one before. So the first disagreement met
    from the end is where the change was made, as long as the head was left alone.
    """
    tail = _tail(lines, head)
    inner = lines[: len(lines) - len(tail)]
    problems: list[Problem] = []
    known, anchors = _torn_lines(lines)
    expected = None if head is None else head.sha256
    for line in reversed(inner):
        if expected is not None and line.sha256 != expected:
            problems.append(_changed(line, last=line is inner[-1]))
        elif line.entry is None and line.sha256 not in known:
            problems.append(_changed(line, last=False))
        if line.entry is not None:
            expected = line.entry.previous
        elif line.number > 1 and line.sha256 in known:
            # A torn piece says nothing of the line before it; the line of recovery does.
            expected = anchors.get(line.number - 1)
        else:
            expected = None  # it was reported; what it said of the line before is lost
    problems += _order(inner, known)
    problems += _first(inner)
    problems += _length(lines, head, inner)
    if not lines:
        problems.append(Problem(kind="missing", path=LOG, message="the log is empty", byte=0))
    unfinished, torn, more = _interrupted(tail, inner, known)
    return Chain(
        lines=lines,
        problems=(*reversed(problems), *more),
        unfinished=unfinished,
        torn=torn,
    )


def _tail(lines: tuple[Line, ...], head: Head | None) -> tuple[Line, ...]:
    """Give the lines behind the one that the head names."""
    if head is None or head.lines < 1:
        return ()
    return lines[head.lines :]


def _torn_lines(lines: tuple[Line, ...]) -> tuple[set[str], dict[int, str]]:
    """Give the torn pieces that lines of recovery speak of, and the sound lines before them."""
    known: set[str] = set()
    anchors: dict[int, str] = {}
    for line in lines:
        if line.entry is None or line.entry.action != "recover":
            continue
        torn, after = line.entry.detail.get("torn"), line.entry.detail.get("after")
        if isinstance(torn, list) and isinstance(after, dict):
            known |= {str(t.get("sha256")) for t in torn if isinstance(t, dict)}
            if isinstance(after.get("line"), int):
                anchors[after["line"]] = str(after.get("sha256"))
    return known, anchors


def _changed(line: Line, *, last: bool) -> Problem:
    why = f": it {line.fault}" if line.fault else ""
    if last and not why:
        words = f"line {line.number} and the head do not agree: one of the two was changed"
        return Problem(kind="line", path=LOG, line=line.number, byte=line.offset, message=words)
    what = "the head" if last else f"line {line.number + 1}"
    return Problem(
        kind="line",
        path=LOG,
        line=line.number,
        byte=line.offset + (line.place or 0),
        message=f"line {line.number} is not the line whose hash stands in {what}{why}; what it "
        f"says cannot be relied on (bytes {line.offset} to {line.offset + line.length})",
    )


def _order(lines: tuple[Line, ...], known: set[str]) -> list[Problem]:
    """Compare the numbers that lines carry with the places they stand at."""
    problems: list[Problem] = []
    last = 0
    for line in lines:
        if line.entry is None:
            last += 1
            continue
        number = line.entry.sequence
        if number != last + 1:
            if number == last:
                words = f"line {line.number} carries number {number} again: a line was repeated"
            elif number > last:
                words = f"number {number} follows {last}: lines between them are missing"
            else:
                words = f"number {number} follows {last}: lines stand in another order"
            problems.append(
                Problem(kind="order", path=LOG, line=line.number, byte=line.offset, message=words)
            )
        last = number
    case = next((line.entry.case for line in lines if line.entry is not None), None)
    for line in lines:
        if line.entry is not None and line.entry.case != case:
            words = f"line {line.number} belongs to another case"
            problems.append(Problem(kind="line", path=LOG, line=line.number, message=words))
    return problems


def _first(lines: tuple[Line, ...]) -> list[Problem]:
    first = lines[0].entry if lines else None
    if first is None or (first.previous == NO_LINE and first.action == "init"):
        return []
    words = "the first line is not the beginning of a case: lines before it are missing"
    return [Problem(kind="order", path=LOG, line=1, byte=0, message=words)]


def _length(lines: tuple[Line, ...], head: Head | None, inner: tuple[Line, ...]) -> list[Problem]:
    """Compare how far the log goes with how far the head says it goes."""
    if head is None or not lines:
        return []
    found = len(inner)
    if found < head.lines:
        words = (
            f"the log ends after line {found}, and the head names line {head.lines}: the end of "
            "the log was cut off, or the head exchanged"
        )
        end = inner[-1].offset + inner[-1].length + inner[-1].whole
        return [Problem(kind="order", path=LOG, line=found, byte=end, message=words)]
    last = inner[-1]
    if last.entry is not None and last.entry.case != head.case:
        words = "the head is that of another case"
        return [Problem(kind="head", path=HEAD, message=words)]
    end = last.offset + last.length + last.whole
    if not last.whole or end != head.log_bytes:
        words = (
            f"the log has {end} bytes up to line {last.number}, and the head says "
            f"{head.log_bytes}: bytes were put in or taken out"
        )
        return [Problem(kind="line", path=LOG, line=last.number, byte=end, message=words)]
    return []


def _interrupted(
    tail: tuple[Line, ...], inner: tuple[Line, ...], known: set[str]
) -> tuple[Entry | None, tuple[Line, ...], list[Problem]]:
    """Tell a step that was cut short from lines that somebody put behind the head."""
    if not tail:
        return None, (), []
    readable = [line for line in tail if line.entry is not None and line.whole]
    last = tail[-1]
    if not readable:
        words = (
            f"{len(tail)} unfinished line(s) behind the head: a step was interrupted while it was "
            "being written down; the next command that writes here notes it and goes on"
        )
        place = tail[0]
        problem = Problem(
            kind="interrupted", path=LOG, line=place.number, byte=place.offset, message=words
        )
        return None, tail, [problem]
    pieces = tail[:-1]
    before = tail[-2] if len(tail) > 1 else inner[-1] if inner else None
    if (
        readable == [last]
        and last.entry is not None
        and before is not None
        and last.entry.previous == before.sha256
        and last.entry.sequence == last.number
        and all(piece.sha256 in known for piece in pieces)
    ):
        words = (
            f"line {last.number} stands in the log but not in the head: a step was interrupted, "
            "or a line was put there; the next command that writes here notes it and goes on"
        )
        problem = Problem(
            kind="interrupted", path=LOG, line=last.number, byte=last.offset, message=words
        )
        return last.entry, (), [problem]
    words = f"{len(tail)} line(s) stand behind the last one that the head knows of"
    place = tail[0]
    return (
        None,
        (),
        [Problem(kind="order", path=LOG, line=place.number, byte=place.offset, message=words)],
    )
