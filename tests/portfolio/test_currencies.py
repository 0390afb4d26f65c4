"""Currencies to choose from, before and after the first rates."""

from datetime import date

from app.portfolio.currencies import REFERENCE_RATES, offered
from app.settings import Settings
from db.core.pool import Database
from db.portfolio import currency_rates
from tests.portfolio.conftest import Person


def settings(url: str) -> Settings:
    return Settings(_env_file=None, database_url="postgresql:///x", redis_url="redis://x", rates_url=url)


def test_what_will_come_is_offered_until_rates_are_there(database: Database, person: Person) -> None:
    source = settings("https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml")
    assert offered(database, source, "USD") == (sorted(REFERENCE_RATES), True)
    database.execute("INSERT INTO portfolios (user_id, name, currency) VALUES (%s, 'x', 'EUR')", [person.id])
    assert currency_rates.needed(database)  # so that choosing one brings the rates
    with database.connection() as connection:
        currency_rates.store(connection, "ecb", {("EUR", date(2026, 3, 1)): 900_000})
    assert offered(database, source, "USD") == (["EUR", "USD"], False)


def test_without_a_source_of_rates_there_are_dollars_alone(database: Database) -> None:
    assert offered(database, settings(""), "CHF") == (["CHF", "USD"], False)
