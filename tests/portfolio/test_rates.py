from datetime import date
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from app.portfolio.importer import fees_of
from app.portfolio.ledger import ExchangeRates
from app.providers.base import ProviderError
from app.settings import Settings, SettingsError, load
from db.core.pool import Database
from db.portfolio import currency_rates
from jobs import rates
from tests.portfolio.conftest import add_person

# The form of https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml, with two days of made-up rates.
FILE = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube>
<Cube time='2026-02-27'><Cube currency='USD' rate='1.25'/><Cube currency='JPY' rate='160'/><Cube currency="GBP" rate="0.8"/></Cube>
<Cube time='2026-02-26'><Cube currency='USD' rate='1.2'/><Cube currency='JPY' rate='150'/></Cube>
</Cube></gesmes:Envelope>"""
NEW, OLD = date(2026, 2, 27), date(2026, 2, 26)


def test_a_file_in_euros_becomes_rates_per_dollar() -> None:
    assert rates.read_rates(FILE) == {
        ("EUR", NEW): 800_000,
        ("JPY", NEW): 128_000_000,
        ("GBP", NEW): 640_000,
        ("EUR", OLD): 833_333,
        ("JPY", OLD): 125_000_000,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>maintenance</html>",
        FILE.replace("USD", "XXX"),
        FILE.replace("'1.25'", "'0'"),
        FILE.replace("'1.25'", "'1.2.5'"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(text: str) -> None:
    with pytest.raises(ValueError, match="rates"):
        rates.read_rates(text)


def test_rates_are_stored_with_their_day(database: Database, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/daily.xml").respond_with_data(FILE, content_type="text/xml")
    url = httpserver.url_for("/daily.xml")
    assert [rates.run(database, url) for _ in range(2)] == [5, 5]
    assert {row["day"] for row in currency_rates.latest(database)} == {NEW}
    assert currency_rates.millionths(database) == {"EUR": 800_000, "JPY": 128_000_000, "GBP": 640_000}
    book = ExchangeRates(currency_rates.since(database, ["EUR", "GBP"], date(2026, 3, 5)))
    assert book.on(date(2026, 3, 5)) == {"EUR": 800_000, "GBP": 640_000}  # a weekend takes the last before it
    earlier = ExchangeRates(currency_rates.since(database, ["EUR", "GBP"], OLD))
    assert earlier.on(OLD) == {"EUR": 833_333}
    assert earlier.on(date(2026, 2, 1)) == {}


def _file(*days: tuple[date, str, str]) -> str:
    """The bank's form: dollars and another currency for a euro."""
    body = "".join(
        f"<Cube time='{day}'><Cube currency='USD' rate='1'/><Cube currency='{code}' rate='{rate}'/></Cube>"
        for day, code, rate in days
    )
    return f"<Envelope><Cube>{body}</Cube></Envelope>"


def test_rates_reach_back(database: Database, httpserver: HTTPServer) -> None:
    """The full history once, then the small file; again where the small one leaves a gap."""
    small, whole = _file((NEW, "GBP", "2")), _file((date(2009, 1, 2), "GBP", "3"), (date(1999, 1, 4), "GBP", "4"))
    httpserver.expect_request("/x/eurofxref-hist-90d.xml").respond_with_data(small)
    httpserver.expect_request("/x/eurofxref-hist.xml").respond_with_data(whole)
    url = httpserver.url_for("/x/eurofxref-hist-90d.xml")
    assert [rates.run(database, url, NEW) for _ in range(3)] == [6, 2, 2]
    assert [request.path for request, _ in httpserver.log].count("/x/eurofxref-hist.xml") == 1
    book = ExchangeRates(currency_rates.since(database, ["GBP"], date(1999, 1, 4)))
    assert (book.on(date(1999, 1, 5)), book.on(NEW)) == ({"GBP": 4_000_000}, {"GBP": 2_000_000})
    database.execute("DELETE FROM currency_rates WHERE day = %s", [NEW])
    assert rates.run(database, url, NEW) == 6  # nothing from 2009 to 2026: the server was off for long


def test_without_the_history_the_small_file_is_kept(database: Database, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/eurofxref-daily.xml").respond_with_data(FILE)
    httpserver.expect_request("/eurofxref-hist.xml").respond_with_data("no", status=404)
    assert rates.run(database, httpserver.url_for("/eurofxref-daily.xml")) == 5


@pytest.mark.parametrize("oldest", ["4", "1.2.3"])
def test_a_history_is_kept_in_parts_whole_or_not_at_all(
    database: Database, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, oldest: str
) -> None:
    monkeypatch.setattr(rates, "RATES_PER_STATEMENT", 3)
    days = [date(2009, 1, day) for day in range(1, 9)]
    small = _file((NEW, "GBP", "2"))
    whole = _file((NEW, "GBP", "9"), *((day, "GBP", "3") for day in days[:0:-1]), (days[0], "GBP", oldest))
    httpserver.expect_request("/eurofxref-daily.xml").respond_with_data(small)
    httpserver.expect_request("/eurofxref-hist.xml").respond_with_data(whole)
    kept = rates.run(database, httpserver.url_for("/eurofxref-daily.xml"), NEW)
    found = {(row["day"], row["millionths"]) for row in currency_rates.since(database, ["GBP"], days[0])}
    if oldest == "4":
        assert kept == 18
        assert found == {(NEW, 2_000_000), (days[0], 4_000_000), *((day, 3_000_000) for day in days[1:])}
    else:
        assert kept == 2
        assert found == {(NEW, 2_000_000)}


def test_a_currency_that_its_source_gave_up_has_no_rate_now(database: Database) -> None:
    with database.connection() as connection:
        currency_rates.store(connection, "ecb", {("EUR", NEW): 900_000, ("RUB", date(2022, 3, 1)): 117_201_000})
    assert currency_rates.millionths(database) == {"EUR": 900_000}
    assert ExchangeRates(currency_rates.since(database, ["RUB"], NEW)).on(NEW) == {}


def test_a_table_of_ones_own(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("date,currency,rate\n2020-01-01,UAH,24.5\n2022-07-21,UAH,36.5686\n2026-02-27,EUR,0.9\n", "utf-8")
    with database.connection() as connection:
        currency_rates.store(connection, "ecb", {("EUR", NEW): 800_000})
    assert rates.run_table(database, path) == 3
    assert currency_rates.millionths(database) == {"EUR": 900_000, "UAH": 36_568_600}
    with database.connection() as connection:  # the bank's file comes again: one's own rate stays
        currency_rates.store(connection, "ecb", {("EUR", NEW): 800_000})
    assert currency_rates.millionths(database)["EUR"] == 900_000
    assert ExchangeRates(currency_rates.since(database, ["UAH"], date(2021, 1, 1))).on(date(2021, 6, 1)) == {
        "UAH": 24_500_000
    }
    path.write_text("date,currency,rate\n2020-01-01,UAH,x\n", "utf-8")
    with pytest.raises(ValueError, match="line 2"):
        rates.run_table(database, path)
    assert currency_rates.millionths(database)["UAH"] == 36_568_600


@pytest.mark.parametrize("line", ["2020-01-01,UAH,0", "2020-01-01,UAH,-1", "2020-13-01,UAH,1", "2020-01-01,USD,1",
                                  "2020-01-01,uah,1", "2020-01-01,UAH", "2020-01-01,UAH,inf", "2020-01-01,UAH,1e99"])  # fmt: skip
def test_a_wrong_line_of_a_table_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        rates.read_table(f"date,currency,rate\n{line}\n")


def test_a_source_that_does_not_answer_keeps_what_there_is(database: Database, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/daily.xml").respond_with_data(FILE, content_type="text/xml")
    rates.run(database, httpserver.url_for("/daily.xml"))
    httpserver.expect_request("/gone.xml").respond_with_data("no", status=404)
    with pytest.raises(ProviderError, match="404"):
        rates.run(database, httpserver.url_for("/gone.xml"))
    assert len(currency_rates.latest(database)) == 3


def test_rates_are_fetched_when_old_and_when_a_portfolio_needs_them(database: Database, httpserver: HTTPServer) -> None:
    assert rates.due(database, 6, always=True)
    assert not rates.due(database, 6, always=False)
    person = add_person(database)
    database.execute("INSERT INTO portfolios (user_id, name, currency) VALUES (%s, 'other', 'EUR')", [person.id])
    assert rates.due(database, 6, always=False)
    httpserver.expect_request("/daily.xml").respond_with_data(FILE, content_type="text/xml")
    rates.run(database, httpserver.url_for("/daily.xml"))
    assert not rates.due(database, 6, always=True)
    database.execute("UPDATE currency_rates SET fetched_at = now() - interval '7 hours'")
    assert rates.due(database, 6, always=False)


def test_fees_in_percent() -> None:
    fees = fees_of(Settings(_env_file=None, portfolio_fees="csfloat=2.5, mine=12"))
    assert (fees["csfloat"], fees["mine"], fees["skinport"]) == (250, 1200, 800)
    with pytest.raises(SettingsError, match="TRACERA_PORTFOLIO_FEES"):
        load(_env_file=None, portfolio_fees="csfloat:2")
