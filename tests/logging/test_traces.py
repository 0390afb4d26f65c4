import time
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.logging.masking import Masker
from app.logging.repeats import MOST, Repeats, Summary
from app.logging.traces import INDENT, LONGEST, WIDTH, fingerprint, place, render
from tests.conftest import wait_for
from tests.patience import within


def caught(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:  # noqa: BLE001  # whatever it raises is what is tested
        return error
    raise AssertionError("it did not fail")


def shown(error: BaseException) -> str:
    return render(error, Masker().text)


def down(left: int) -> None:
    password = "hunter2 of a local"  # noqa: F841, S105  # it may be seen nowhere
    if left:
        down(left - 1)
    raise ValueError("at the bottom")


def linked(count: int, message: str = "link") -> None:
    error: Exception | None = None
    for number in range(count):
        try:
            raise ValueError(f"{message} {number}") from error  # noqa: TRY301  # a chain, link by link
        except ValueError as failure:
            error = failure
    assert error
    raise error


def test_short_trace_is_complete() -> None:
    text = shown(caught(lambda: down(1)))
    lines = text.splitlines()
    assert lines[0] == f"{INDENT}Traceback (most recent call last):"
    assert lines[-1] == f"{INDENT}ValueError: at the bottom"
    assert text.count('raise ValueError("at the bottom")') == 1
    assert "left out" not in text
    assert "hunter2" not in text


def test_deep_trace_keeps_its_first_and_last_calls() -> None:
    error = caught(lambda: down(500))
    begun = time.perf_counter()
    text = shown(error)
    assert time.perf_counter() - begun < within(0.5)
    assert "caught" in text
    assert "calls are left out)" in text
    assert text.count("line ") < 15
    assert "hunter2" not in text


def test_chain_keeps_its_first_and_last() -> None:
    text = shown(caught(lambda: linked(700)))
    assert [f"ValueError: link {number}\n" in f"{text}\n" for number in (0, 1, 2, 697, 698, 699)] == [
        True, True, False, False, True, True,
    ]  # fmt: skip
    assert "(696 exceptions between are left out)" in text


def test_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert "direct cause" in shown(first)


def test_group_is_bounded() -> None:
    group = ExceptionGroup("many", [ValueError(f"part {number}") for number in range(1_000)])
    text = shown(caught(lambda: (_ for _ in ()).throw(group)))
    assert "3 of 1000" in text
    assert "part 3" not in text


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_exception_that_cannot_be_printed() -> None:
    assert "SilentError: (it cannot be printed: RuntimeError)" in shown(SilentError())


def test_secret_in_a_message_is_masked_but_source_is_not() -> None:
    def fail() -> None:
        token = "x" * 3
        raise ValueError(f"token={token} refused")

    text = shown(caught(fail))
    assert "ValueError: token=[masked] refused" in text
    assert 'raise ValueError(f"token={token} refused")' in text


@given(st.text(max_size=5_000), st.integers(1, 8), st.integers(0, 60))
def test_any_trace_is_bounded_and_each_line_is_indented(message: str, links: int, depth: int) -> None:
    def fail() -> None:
        try:
            linked(links, message)
        except ValueError as error:
            error.add_note(message)
            down(depth)

    text = shown(caught(fail))
    assert len(text) <= LONGEST + 10
    for line in text.split("\n"):
        assert line.startswith(INDENT)
        assert line.isprintable()
        assert len(line) <= WIDTH + len(INDENT)


def test_same_trace_is_recognised_whatever_it_says() -> None:
    def fail(said: str) -> None:
        raise ValueError(said)

    one, two = (caught(partial(fail, said)) for said in ("a", "b"))
    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one) != fingerprint(caught(lambda: down(1)))
    assert place(one).startswith(f"ValueError at {__file__}:")


def test_trace_is_admitted_once_and_counted_when_its_window_is_over() -> None:
    told: list[Summary] = []
    repeats = Repeats(told.append, window=0.3)
    assert [repeats.should_log(1, "here") for _ in range(4)] == [True, False, False, False]
    assert repeats.should_log(2, "there")
    assert told == []
    wait_for(lambda: told, 5, "nothing was told")
    assert told == [Summary("here", 3)]
    assert repeats.should_log(1, "here")


def test_count_is_told_by_the_next_trace_too_and_at_the_end() -> None:
    told: list[Summary] = []
    repeats = Repeats(told.append, window=0.2)
    assert [repeats.should_log(1, "here") for _ in range(2)] == [True, False]
    time.sleep(0.25)
    repeats.should_log(2, "there")
    repeats.should_log(2, "there")
    repeats.flush()
    assert told == [Summary("here", 1), Summary("there", 1)]


def test_a_flood_of_different_traces_is_bounded() -> None:
    told: list[Summary] = []
    repeats = Repeats(told.append)
    written = [repeats.should_log(number, "somewhere") for number in range(1_000)]
    assert sum(written) == MOST
    repeats.flush()
    assert told == [Summary("other traces", 1_000 - MOST)]


@pytest.mark.parametrize("window", [0.05])
def test_threads_lose_no_count(window: float) -> None:
    from concurrent.futures import ThreadPoolExecutor

    told: list[Summary] = []
    repeats = Repeats(told.append, window=window)
    with ThreadPoolExecutor(8) as pool:
        written = sum(pool.map(lambda _: repeats.should_log(1, "here"), range(5_000)))
    repeats.flush()
    assert written + sum(summary.repeated for summary in told) == 5_000
