"""The JSON routes, each with its owner, with another person, with nobody and with a key that may only read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from db.core.pool import Database
from tests.portfolio.conftest import ME, Caller, Person
from tests.portfolio.shop import AK, CASE, Shop
from tests.upstream.app import UpstreamApp
from tests.upstream.inventory import invented

OTHER = "76561198000000002"


def buy(name: str = CASE, quantity: int = 2) -> dict[str, Any]:
    return {
        "time": "2026-01-01T00:00:00Z",
        "kind": "buy",
        "market_hash_name": name,
        "quantity": quantity,
        "price": 100,
        "currency": "USD",
    }


def test_import_and_what_the_contract_says(working: None, me: Caller, steam: UpstreamApp, database: Database) -> None:
    shop = Shop(database)
    name = "AK-47 | Test Finish 00000 (Factory New)"
    shop.price(shop.item(name), 500, at=datetime.now(UTC))
    steam.world.inventories[ME] = invented(8)
    imported = me.json("POST", "/portfolio/import")
    assert (imported["imported_assets"], imported["unpriced"]) == (8, 6)
    assert imported["message"] == "8 items imported: 8 new, 0 gone, 6 without a price"
    seen = me.json("GET", "/portfolio")
    assert (seen["user_id"], seen["total_value"], seen["item_count"]) == (me.person.id, 1000, 8)
    assert seen["last_imported_at"].endswith("Z")
    first = seen["holdings"][0]
    contract = {
        name: first[name]
        for name in ("market_hash_name", "quantity", "current_price", "total_value", "cost_basis", "unrealized_pnl")
    }
    assert contract == {"market_hash_name": name, "quantity": 2, "current_price": 500, "total_value": 1000, "cost_basis": None,
                        "unrealized_pnl": None}  # fmt: skip
    again = me.ask("POST", "/portfolio/import")
    assert again.status_code == 429
    assert 0 < int(again.headers["Retry-After"]) <= 600
    assert again.json
    assert "possible in" in again.json["error"]
    state = me.json("GET", "/portfolio/import")
    assert (state["state"], state["last"]["imported_assets"]) == ("done", 8)
    assert state["cooldown_seconds"] > 0


@pytest.mark.slow
def test_errors_of_an_import(working: None, meet: Callable[..., Caller], steam: UpstreamApp) -> None:
    assert "Link your Steam" in meet(None).json("POST", "/portfolio/import", 400)["error"]
    assert "private" in meet("76561198000000099").json("POST", "/portfolio/import", 403)["error"]
    owner = invented(3)
    owner.answers[0] = (500, b"oops")
    steam.world.inventories[OTHER] = owner
    assert "try again" in meet(OTHER).json("POST", "/portfolio/import", 503)["error"]


def test_transactions_page_by_page(me: Caller) -> None:
    news = [{**buy(quantity=number), "time": f"2026-01-{number:02}T00:00:00Z"} for number in range(1, 8)]
    assert me.json("POST", "/portfolio/transactions", 201, json={"transactions": news}) == {"added": 7}
    first = me.json("GET", "/portfolio/transactions?limit=3")
    second = me.json("GET", f"/portfolio/transactions?limit=9&before={first[-1]['id']}")
    assert [row["quantity"] for row in first + second] == [7, 6, 5, 4, 3, 2, 1]
    sale = {**buy(), "kind": "sell", "quantity": 99}
    refused = me.json("POST", "/portfolio/transactions", 400, json={"transactions": [buy(), sale]})
    assert "transactions.1: gives away 99 of Glove Case" in refused["error"]
    assert me.ask("DELETE", f"/portfolio/transactions/{first[0]['id']}").status_code == 204
    assert me.ask("DELETE", f"/portfolio/transactions/{first[0]['id']}").status_code == 404
    assert len(me.json("GET", "/portfolio/lots")) == 6


@pytest.mark.slow
def test_csv_with_a_bad_line_imports_nothing(me: Caller) -> None:
    text = "date,type,item,quantity,price\n2026-01-01,buy,Glove Case,2,1.00\n2026-01-02,sell,Glove Case,3,2.00\nx,buy,Glove Case,1,1\n"
    told = me.json("POST", "/portfolio/transactions/csv?preview=true", data=text.encode())
    assert [bad["line"] for bad in told["bad_lines"]] == [3, 4]
    refused = me.json("POST", "/portfolio/transactions/csv", 400, data=text.encode())
    assert "line 3: gives away 3 of Glove Case, but only 2" in refused["error"]
    assert me.json("GET", "/portfolio/transactions") == []
    good = text.split("2026-01-02", maxsplit=1)[0]
    assert me.json("POST", "/portfolio/transactions/csv", 201, data=good.encode()) == {"added": 1, "known": 0}
    reply = me.ask("GET", "/portfolio/export?format=csv")
    assert reply.data.startswith(b"\xef\xbb\xbfdate,type,item")
    assert "attachment" in reply.headers["Content-Disposition"]
    document = me.ask("GET", "/portfolio/export").data
    assert me.json("POST", "/portfolio/restore", data=document)["transactions"] == 1
    assert "nothing was changed" in me.json("POST", "/portfolio/restore", 400, data=b"{}")["error"]


def test_several_portfolios(me: Caller) -> None:
    made = me.json("POST", "/portfolios", 201, json={"name": "Stickers", "currency": "EUR"})
    me.json("POST", "/portfolios", 409, json={"name": "Stickers"})
    changed = me.json("PATCH", f"/portfolios/{made['id']}", json={"cost_method": "hifo", "price_source": "best"})
    assert (changed["cost_method"], changed["price_source"], changed["currency"]) == ("hifo", "best", "EUR")
    assert (
        "none of reference, best"
        in me.json("PATCH", f"/portfolios/{made['id']}", 400, json={"price_source": "nowhere"})["error"]
    )
    main, _ = me.json("GET", "/portfolios")
    assert main["includes_steam"]
    me.json("DELETE", f"/portfolios/{main['id']}", 409)
    assert me.ask("DELETE", f"/portfolios/{made['id']}").status_code == 204
    me.json("GET", f"/portfolio?portfolio_id={made['id']}", 404)


def test_risk_and_what_if_of_little_data_are_unknown(me: Caller, database: Database) -> None:
    shop = Shop(database)
    item = shop.item(CASE)
    shop.price(item, 300)
    me.json("POST", "/portfolio/transactions", 201, json={"transactions": [buy()]})
    risk = me.json("GET", "/portfolio/risk")
    assert (risk["volatility"], risk["percentile"], risk["left_out"]) == (None, None, [CASE])
    seen = me.json("POST", "/portfolio/what-if", json={"changes": [{"item_id": item, "quantity": 3}]})
    assert (seen["before"]["total_value"], seen["after"]["total_value"]) == (600, 1500)
    assert (
        "only 2"
        in me.json("POST", "/portfolio/what-if", 400, json={"changes": [{"item_id": item, "quantity": -3}]})["error"]
    )


def test_shared_links(me: Caller, client: FlaskClient, database: Database) -> None:
    shop = Shop(database)
    shop.price(shop.item(CASE), 300)
    shop.price(shop.item(AK), 900)
    me.json("POST", "/portfolio/transactions", 201, json={"transactions": [buy(quantity=1), buy(AK, 1)]})
    hidden = me.json("POST", "/portfolio/shares", 201, json={"hide_quantities": True})
    whole = me.json("POST", "/portfolio/shares", 201, json={"hide_quantities": False})
    reply = client.get(f"/api/v1/shared/{hidden['token']}")
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in reply.headers["Cache-Control"]
    assert reply.json
    assert [(row["market_hash_name"], row["share"]) for row in reply.json["holdings"]] == [(AK, 0.75), (CASE, 0.25)]
    for word in ("quantity", "total_value", "cost_basis", "net_if_sold", "item_count", "deposits", "user_id", "gain"):
        assert f'"{word}"' not in reply.text, word
    shown = client.get(f"/api/v1/shared/{whole['token']}").json
    assert shown
    assert shown["total_value"] == 1200
    assert [row["id"] for row in me.json("GET", "/portfolio/shares")] == [hidden["id"], whole["id"]]
    assert hidden["token"] not in str(database.rows("SELECT * FROM portfolio_shares"))
    assert me.ask("DELETE", f"/portfolio/shares/{hidden['id']}").status_code == 204
    assert client.get(f"/api/v1/shared/{hidden['token']}").status_code == 404
    assert client.get(f"/api/v1/shared/{'x' * 43}").status_code == 404


def test_a_public_profile_without_an_account(client: FlaskClient, steam: UpstreamApp, database: Database) -> None:
    shop = Shop(database)
    shop.price(shop.item("AK-47 | Test Finish 00001 (Factory New)"), 700)
    steam.world.inventories[OTHER] = invented(4)
    seen = client.get(f"/api/v1/profiles/value?profile={OTHER}")
    assert seen.json
    assert (seen.json["total_value"], seen.json["item_count"], len(seen.json["unpriced"])) == (700, 4, 3)
    second = client.get(f"/api/v1/profiles/value?profile={OTHER}")
    assert second.status_code == 429
    assert int(second.headers["Retry-After"]) > 0
    assert database.rows("SELECT 1 FROM user_portfolio_holdings") == []


def routes(mine: dict[str, int]) -> list[tuple[str, str, Any]]:
    """Every route of the portfolio that names something, with a body that would do."""
    portfolio, which = mine["portfolio"], f"?portfolio_id={mine['portfolio']}"
    return [
        ("GET", f"/portfolio{which}", None),
        ("GET", f"/portfolio/lots{which}", None),
        ("GET", f"/portfolio/snapshots{which}", None),
        ("GET", f"/portfolio/history{which}", None),
        ("GET", f"/portfolio/risk{which}", None),
        ("POST", f"/portfolio/what-if{which}", {"changes": [{"item_id": 1, "quantity": 1}]}),
        ("GET", f"/portfolio/transactions{which}", None),
        ("POST", f"/portfolio/transactions{which}", {"transactions": [buy()]}),
        ("PUT", f"/portfolio/transactions/{mine['transaction']}{which}", buy()),
        ("PUT", f"/portfolio/transactions/{mine['transaction']}", buy()),
        ("POST", f"/portfolio/transactions/delete{which}", {"ids": [mine["transaction"]]}),
        ("POST", "/portfolio/transactions/delete", {"ids": [mine["transaction"]]}),
        ("POST", f"/portfolio/deletions/{mine['deletion']}/undo{which}", {}),
        ("POST", f"/portfolio/deletions/{mine['deletion']}/undo", {}),
        ("DELETE", f"/portfolio/transactions/{mine['transaction']}{which}", None),
        ("DELETE", f"/portfolio/transactions/{mine['transaction']}", None),
        ("POST", f"/portfolio/transactions/csv{which}", b"date,type,item,price\n2026-01-01,buy,A,1\n"),
        ("POST", f"/portfolio/transactions/steam{which}", b'{"events":[]}'),
        ("GET", f"/portfolio/export{which}&format=csv", None),
        ("GET", f"/portfolio/shares{which}", None),
        ("POST", f"/portfolio/shares{which}", {"hide_quantities": False}),
        ("DELETE", f"/portfolio/shares/{mine['share']}", None),
        ("PATCH", f"/portfolios/{portfolio}", {"name": "taken"}),
        ("DELETE", f"/portfolios/{portfolio}", None),
    ]


OWN = [("GET", "/portfolio"), ("POST", "/portfolio/import"), ("GET", "/portfolio/import"), ("GET", "/portfolio/export"),
       ("POST", "/portfolio/restore"), ("POST", "/portfolio/sample"), ("GET", "/portfolios"), ("POST", "/portfolios")]  # fmt: skip


EVERYTHING = """
SELECT (SELECT json_agg(p.* ORDER BY id) FROM portfolios p WHERE user_id = %(me)s)::text
    || (SELECT json_agg(t.* ORDER BY id) FROM portfolio_transactions t)::text
    || (SELECT json_agg(d.* ORDER BY id) FROM portfolio_deleted_transactions d)::text
    || (SELECT json_agg(s.* ORDER BY id) FROM portfolio_shares s)::text AS everything
"""


def body(given: Any) -> dict[str, Any]:
    return {} if given is None else {"data": given} if isinstance(given, bytes) else {"json": given}


@pytest.mark.slow
def test_another_user_reaches_no_portfolio(
    me: Caller, meet: Callable[..., Caller], client: FlaskClient, database: Database
) -> None:
    extra = me.json("POST", "/portfolios", 201, json={"name": "secret"})
    which = f"?portfolio_id={extra['id']}"
    me.json(
        "POST", f"/portfolio/transactions{which}", 201, json={"transactions": [buy("Secret Item"), buy("Secret Item")]}
    )
    gone = me.json("GET", f"/portfolio/transactions{which}")[0]["id"]
    deletion = me.json("POST", f"/portfolio/transactions/delete{which}", json={"ids": [gone]})["deletion_id"]
    (row,) = me.json("GET", f"/portfolio/transactions{which}")
    share = me.json("POST", f"/portfolio/shares{which}", 201, json={"hide_quantities": False})
    mine = {"portfolio": extra["id"], "transaction": row["id"], "share": share["id"], "deletion": deletion}
    before = database.row(EVERYTHING, {"me": me.person.id})
    other, reader, nobody = meet(OTHER), meet(None, "read", me.person), Caller(client, Person(0, ""), "tracera_wrong")
    for method, path, given in routes(mine):
        for stranger, allowed in ((other, {404}), (nobody, {401})):
            reply = stranger.ask(method, path, **body(given))
            assert reply.status_code in allowed, (method, path, reply.text)
            assert "Secret Item" not in reply.text
        assert client.open(f"/api/v1{path}", method=method, **body(given)).status_code in {400, 401, 403}, (
            method,
            path,
        )
        if method != "GET" and "what-if" not in path:
            assert reader.ask(method, path, **body(given)).status_code == 403, (method, path)
    for method, path in OWN:
        assert client.open(
            f"/api/v1{path}", method=method, json={"name": "x"} if method == "POST" else None
        ).status_code in {400, 401, 403}
        assert "Secret Item" not in other.ask(method, path, json={"name": "x"} if method == "POST" else None).text
    assert database.row(EVERYTHING, {"me": me.person.id}) == before
    known = {
        rule.rule
        for rule in client.application.url_map.iter_rules()
        if "/portfolio" in rule.rule and rule.rule.startswith("/api")
    }
    tried = {path.split("?")[0] for _, path, _ in routes(mine)} | {path for _, path in OWN}
    for rule in known:  # a route that is new must be tried too
        shape = rule.removeprefix("/api/v1").split("<")[0]
        assert any(path.startswith(shape) for path in tried), rule
