from datetime import date

import pytest
from pytest_httpserver import HTTPServer

from app.portfolio.books import RateBook
from app.portfolio.service import fees_of
from app.settings import Settings, SettingsError, load
from db import currency_rates
from db.pool import Database
from jobs import rates
from jobs.providers.base import ProviderError
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


def test_rates_are_kept_with_their_day(database: Database, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/daily.xml").respond_with_data(FILE, content_type="text/xml")
    url = httpserver.url_for("/daily.xml")
    assert [rates.run(database, url) for _ in range(2)] == [5, 5]
    assert currency_rates.newest_day(database) == NEW
    assert currency_rates.millionths(database) == {"EUR": 800_000, "JPY": 128_000_000, "GBP": 640_000}
    book = RateBook(currency_rates.since(database, ["EUR", "GBP"], date(2026, 3, 5)))
    assert book.on(date(2026, 3, 5)) == {"EUR": 800_000, "GBP": 640_000}  # a weekend takes the last before it
    earlier = RateBook(currency_rates.since(database, ["EUR", "GBP"], OLD))
    assert earlier.on(OLD) == {"EUR": 833_333}
    assert earlier.on(date(2026, 2, 1)) == {}


def test_a_source_that_does_not_answer_keeps_what_there_is(database: Database, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/daily.xml").respond_with_data(FILE, content_type="text/xml")
    rates.run(database, httpserver.url_for("/daily.xml"))
    httpserver.expect_request("/gone.xml").respond_with_data("no", status=404)
    with pytest.raises(ProviderError, match="404"):
        rates.run(database, httpserver.url_for("/gone.xml"))
    assert len(currency_rates.latest(database)) == 3


def test_rates_are_fetched_when_old_and_when_somebody_needs_them(database: Database, httpserver: HTTPServer) -> None:
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
