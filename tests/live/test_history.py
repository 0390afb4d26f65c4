"""The memory of a hub, by a clock of the test."""

from app.live.history import History
from app.live.updates import Update, parse_update
from tests.live.support import price


def numbered(item_id: int, offset: int, *, second: int = 0, source: str = "demo", epoch: str = "e") -> Update:
    message = price(item_id, 10 * offset, second=second, source=source)
    return parse_update(message | {"epoch": epoch, "offset": offset})


def offsets(history: History, since: int, *items: int) -> list[int]:
    return [update.position for update in history.since(since, items)]


def test_what_is_older_than_two_minutes_is_not_covered() -> None:
    times = [0.0]
    history = History(lambda: times[-1])
    history.begin("e", 4)
    history.add([numbered(1, 5), numbered(2, 6)])
    times.append(100.0)
    history.add([numbered(1, 7)])
    assert (history.covers("e", 4), offsets(history, 4, 1, 2)) == (True, [6, 7])
    times.append(130.0)
    history.add([numbered(3, 8)])
    assert len(history) == 2
    assert [history.covers("e", offset) for offset in (4, 5, 6, 8, 9)] == [False, False, True, True, False]
    assert offsets(history, 6, 1, 2, 3) == [7, 8]


def test_each_source_has_its_newest_and_late_ones_do_not_replace_it() -> None:
    history = History()
    history.begin("e", 0)
    history.add([
        numbered(1, 1, second=5, source="steam"),
        numbered(1, 2, second=1, source="skinport"),
        numbered(1, 3, second=4, source="steam"),
    ])  # fmt: skip
    assert offsets(history, 0, 1) == [1, 2]
    assert history.offset == 3


def test_a_new_epoch_forgets_the_old_one() -> None:
    history = History()
    history.begin("e", 0)
    history.add([numbered(1, 1)])
    history.begin("f", 7)
    assert (len(history), history.covers("e", 1), history.covers("f", 7), history.covers("f", 6)) == (
        0,
        False,
        True,
        False,
    )
    assert history.continues(numbered(1, 8, epoch="f"))
    assert not history.continues(numbered(1, 8))
    assert not history.is_news(numbered(1, 7, epoch="f"))


def test_before_an_epoch_nothing_is_kept() -> None:
    history = History()
    history.add([parse_update(price(1, 10))])
    assert (len(history), history.covers("e", 0)) == (0, False)


def test_numbers_without_an_epoch_and_of_measures_mean_nothing() -> None:
    assert parse_update(price(1, 10) | {"offset": 5}).message == price(1, 10)
    assert parse_update(price(1, 10) | {"offset": True, "epoch": "e"}).position == 0
    assert parse_update(price(1, 10) | {"offset": 0, "epoch": "e"}).position == 0
