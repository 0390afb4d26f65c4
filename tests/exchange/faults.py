"""What the stand-in exchange does wrong on request."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """An answer in place of the right one."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Faults:
    """Everything is off at first.

    Of events: those that `drop` says yes to are not sent, `delay` sends all so many seconds later, `duplicate` sends each twice,
    `reorder` swaps each two of a stream, streams in `silent` say nothing until subscribed to anew.
    Of requests: `answers` are given first, one a request of that path; `always` as long as they are there.
    Of handshakes: `refuse` is the answer to each, `slow` is how many seconds each takes.
    Of commands: with `deaf` they are not answered.
    """

    drop: Callable[[str, dict[str, Any]], bool] | None = None
    delay: float = 0.0
    duplicate: bool = False
    reorder: bool = False
    silent: set[str] = field(default_factory=set)
    answers: dict[str, deque[Answer]] = field(default_factory=dict)
    always: dict[str, Answer] = field(default_factory=dict)
    refuse: Answer | None = None
    slow: float = 0.0
    deaf: bool = False

    def answer(self, path: str, status: int, body: Any, **headers: str) -> None:
        """Give this answer to the next request of `path`; underscores in header names are hyphens."""
        given = Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
        self.answers.setdefault(path, deque()).append(given)

    def next_answer(self, path: str) -> Answer | None:
        waiting = self.answers.get(path)
        return waiting.popleft() if waiting else self.always.get(path)
