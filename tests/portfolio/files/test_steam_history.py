import json
from datetime import UTC, datetime

import pytest

from app.portfolio.files.steam_history import read_history
from app.portfolio.files.text_decoding import FileError
from app.portfolio.files.transaction_import import take
from db.core.pool import Database
from db.portfolio import portfolios, transactions
from tests.conftest import DATA
from tests.portfolio.conftest import Person

FOLDER = DATA / "steam_market"
recorded = pytest.mark.skipif(not FOLDER.exists(), reason="the recorded histories are absent")


@recorded
def test_a_recorded_purchase() -> None:
    found = read_history(json.loads((FOLDER / "myhistory_cs2.json").read_bytes()))
    assert found.exclusions == []
    (one,) = found.transactions
    # Paid 4 and a fee of 8 groszy (currency 2006).
    assert (one.kind, one.quantity, one.price, one.fee, one.currency) == ("buy", 1, 12, 0, "PLN")
    assert one.market_hash_name == "StatTrak™ Dual Berettas | Hideout (Field-Tested)"
    assert one.time == datetime.fromtimestamp(1771878509, UTC)
    assert one.external_id == "steam:804591727239134291_804591727239138506"


@recorded
@pytest.mark.parametrize("game", ["rust", "tf2", "banana"])
def test_other_games_are_left_out_by_name(game: str) -> None:
    found = read_history(json.loads((FOLDER / f"myhistory_{game}.json").read_bytes()))
    assert found.transactions == []
    assert "not CS2" in found.exclusions[0]


@recorded
def test_a_sale_brings_what_was_received_and_twice_is_once(database: Database, person: Person) -> None:
    reply = json.loads((FOLDER / "myhistory_cs2.json").read_bytes())
    reply["events"][0]["event_type"] = 3
    (sale,) = read_history(reply).transactions
    assert (sale.kind, sale.price, sale.fee, sale.currency) == ("sell", 549, 0, "KZT")
    main = portfolios.default(database, person.id)
    assert [take(database, main, [sale]) for _ in range(2)] == [1, 0]
    assert len(transactions.every(database, person.id, main["id"])) == 1


@recorded
def test_a_stack_that_does_not_divide_is_exact() -> None:
    reply = json.loads((FOLDER / "myhistory_cs2.json").read_bytes())
    purchase = next(iter(reply["purchases"].values()))
    purchase["asset"]["amount"] = "5"
    (bought,) = read_history(reply).transactions
    assert bought.price * bought.quantity + bought.fee == 12
    reply["events"][0]["event_type"] = 3
    (sold,) = read_history(reply).transactions
    assert sold.price * sold.quantity - sold.fee == 549


@recorded
def test_failed_and_odd_events_are_left_out() -> None:
    reply = json.loads((FOLDER / "myhistory_cs2.json").read_bytes())
    purchase = next(iter(reply["purchases"].values()))
    purchase["funds_returned"] = 1
    assert "taken back" in read_history(reply).exclusions[0]
    reply["purchases"] = {}
    assert "the list of purchases has no" in read_history(reply).exclusions[0]
    reply["events"] = [{"event_type": 1, "listingid": "1"}]
    assert read_history(reply).exclusions == []
    nothing: tuple[object, ...] = (None, [], {"success": True})
    for wrong in nothing:
        with pytest.raises(FileError, match="no Steam market history"):
            read_history(wrong)
