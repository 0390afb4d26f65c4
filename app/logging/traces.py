"""Traces: tracebacks as bounded plain text, without values of variables.

Each line is indented: none can be taken for a record, whatever an exception's message holds.
"""

import linecache
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, NamedTuple

from app.logging.escaping import escape

INDENT: Final = "    "
WIDTH: Final = 400
"""Characters of a line."""
LONGEST: Final = 12_000
"""Characters of a trace."""
MESSAGE: Final = 2_000
MESSAGE_LINES: Final = 12
LINKED: Final = 4
"""Exceptions of a chain: the last two and the first two."""
GROUPED: Final = 3
"""Exceptions shown of a group."""
_ENDLESS: Final = 1_000
"""Links that are followed; real chains are shorter."""

CAUSE: Final = "The above exception was the direct cause of the following exception:"
CONTEXT: Final = "During handling of the above exception, another exception occurred:"
Mask = Callable[[str, int], str]
"""Takes secrets out of a text and cuts it to a length."""


class Trace(str):
    """A trace as text, whose line breaks are its own."""

    __slots__ = ()


class Frame(NamedTuple):
    """One call."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Calls:
    """The first and the last calls of a traceback, and how many were between."""

    first: list[Frame]
    left_out: int
    last: list[Frame]

    @classmethod
    def of(cls, trace: TracebackType | None, first: int, last: int) -> "Calls":
        """Walk a traceback; a deep one costs no more than its length."""
        begin: list[Frame] = []
        end: deque[Frame] = deque(maxlen=last)
        total = 0
        while trace is not None:
            code = trace.tb_frame.f_code
            total += 1
            (begin if total <= first else end).append(Frame(code.co_filename, trace.tb_lineno, code.co_name))
            trace = trace.tb_next
        return cls(begin, total - len(begin) - len(end), list(end))


def render(error: BaseException, mask: Mask) -> Trace:
    """The trace of an exception and of those it came from."""
    lines: list[str] = []
    shown, left_out = _chain(error)
    for number, (link, how) in enumerate(shown):
        if number == len(shown) - LINKED // 2 and left_out:
            lines += [f"({left_out} exceptions between are left out)", ""]
        lines += _one(link, mask, is_last=link is error)
        if how:
            lines += ["", how, ""]
    text = "\n".join(INDENT + line[:WIDTH] for line in lines)
    # What is cut comes first in the text: the exception that ended it all is the last.
    if len(text) > LONGEST:
        text = f"{INDENT}…\n" + text[-LONGEST:].partition("\n")[2]
    return Trace(text)


def fingerprint(error: BaseException) -> int:
    """Equal for exceptions of the same kinds from the same lines, whatever they say."""
    return hash(tuple((type(link), *_calls(link).first, *_calls(link).last) for link, _ in _chain(error)[0]))


def place(error: BaseException) -> str:
    """An exception's kind and the last line of its trace, for a summary."""
    calls = _calls(error)
    frames = calls.last or calls.first
    where = f" at {frames[-1].file}:{frames[-1].line}" if frames else ""
    return f"{_kind(error)}{where}"


def _calls(error: BaseException, *, is_last: bool = True) -> Calls:
    return Calls.of(error.__traceback__, 3, 9) if is_last else Calls.of(error.__traceback__, 2, 4)


def _chain(error: BaseException) -> tuple[list[tuple[BaseException, str]], int]:
    """The exceptions from the first to `error`, each with how the next came of it, and how many are left out between."""
    found: list[tuple[BaseException, str]] = [(error, "")]
    seen = {id(error)}
    while len(found) < _ENDLESS:
        current = found[-1][0]
        if current.__cause__ is not None:
            earlier, how = current.__cause__, CAUSE
        elif current.__context__ is not None and not current.__suppress_context__:
            earlier, how = current.__context__, CONTEXT
        else:
            break
        if id(earlier) in seen:
            break
        seen.add(id(earlier))
        found.append((earlier, how))
    found.reverse()
    half = LINKED // 2
    return (found, 0) if len(found) <= LINKED else ([*found[:half], *found[-half:]], len(found) - LINKED)


def _one(error: BaseException, mask: Mask, *, is_last: bool) -> Iterator[str]:
    calls = _calls(error, is_last=is_last)
    if calls.first:
        yield "Traceback (most recent call last):"
        yield from _frames(calls.first)
        if calls.left_out:
            yield f"  ({calls.left_out} calls are left out)"
        yield from _frames(calls.last)
    yield from _message(error, mask)
    if isinstance(error, BaseExceptionGroup):
        for number, part in enumerate(error.exceptions[:GROUPED], 1):
            yield f"  {number} of {len(error.exceptions)}:"
            for frame in _frames(_calls(part, is_last=False).last):
                yield f"  {frame}"
            yield from (f"  {line}" for line in _message(part, mask))


def _frames(frames: list[Frame]) -> Iterator[str]:
    for file, line, function in frames:
        yield f'  File "{escape(file[-WIDTH:])}", line {line}, in {escape(function[:WIDTH])}'
        source = linecache.getline(file, line).strip()
        if source:
            yield f"    {escape(source[:WIDTH])}"


def _message(error: BaseException, mask: Mask) -> Iterator[str]:
    kind = _kind(error)
    try:
        said = str(error)
    except Exception as failure:  # noqa: BLE001  # whatever its class does wrong, the trace is worth more
        said = f"(it cannot be printed: {type(failure).__name__})"
    notes = getattr(error, "__notes__", ())
    if isinstance(notes, list | tuple):
        said = "\n".join([said, *(note for note in notes[:GROUPED] if isinstance(note, str))])
    first, *others = mask(said.rstrip(), MESSAGE).split("\n")
    yield f"{kind}: {escape(first)}" if first else kind
    for line in others[: MESSAGE_LINES - 1]:
        yield f"  {escape(line)}"
    if len(others) >= MESSAGE_LINES:
        yield f"  ({len(others) - MESSAGE_LINES + 1} more lines)"


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
