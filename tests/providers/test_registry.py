import pytest

from app.providers.markets import MARKETS
from app.providers.registry import NAMES, ProviderSettings, build, build_exchanges
from app.providers.sources import SOURCES
from app.settings import PROVIDERS

KEY = "123e4567-e89b-42d3-a456-426614174000"
QUOTING = [name for name in NAMES if PROVIDERS[name].implementation]
REAL = [name for name in QUOTING if name != "demo"]
EXCHANGES = [name for name in NAMES if PROVIDERS[name].exchange]


def test_every_real_market_is_built_in_order_and_once() -> None:
    providers = build([*REAL, "steam"], lambda _: ProviderSettings(key=KEY))
    assert [provider.name for provider in providers] == REAL
    for provider in providers:
        assert provider.sources
        assert provider.interval > 0
        assert provider.timeout > 0
        assert provider.simulated is False


def test_settings_are_asked_by_name_and_win() -> None:
    asked: list[str] = []

    def settings_for(name: str) -> ProviderSettings:
        asked.append(name)
        return ProviderSettings(interval=7.0, timeout=9.0, key=KEY)

    provider = build(["skinport"], settings_for)[0]
    assert asked == ["skinport"]
    assert (provider.interval, provider.timeout) == (7.0, 9.0)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown provider 'stem'; allowed are demo, steam, skinport"):
        build(["steam", "stem"], lambda _: ProviderSettings())


@pytest.mark.parametrize(
    ("extras", "says"),
    [
        ({"requests": "many"}, "setting requests: 'many' is not a number"),
        ({"requests": "1.5"}, "setting requests: '1.5' is not a whole number"),
        ({"spacing": "-1"}, "setting spacing"),
        ({"spacing": "nan"}, "setting spacing"),
        ({"max_body": []}, "setting max_body"),
    ],
)
def test_wrong_settings_are_named(extras: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        build(["skinport"], lambda _: ProviderSettings(extras=extras))


def test_extras_may_be_text() -> None:
    settings = ProviderSettings(extras={"a": "5", "b": "0.5", "c": " x, y ,,", "d": ["p", "q"], "e": ""})
    assert settings.integer("a", 1) == 5
    assert settings.number("b", 1) == 0.5
    assert settings.words("c", ()) == ("x", "y")
    assert settings.words("d", ()) == ("p", "q")
    assert settings.words("e", ("default",)) == ("default",)
    assert settings.number("missing", 2.5) == 2.5


def test_settings_do_not_print_the_key() -> None:
    assert KEY not in repr(ProviderSettings(key=KEY))


@pytest.mark.parametrize("name", EXCHANGES)
def test_entries_and_exchanges_agree(name: str) -> None:
    (exchange,) = build_exchanges([name, name], lambda _: ProviderSettings())
    assert exchange.name == name
    assert exchange.market in MARKETS
    assert PROVIDERS[name].sources[name].simulated == exchange.simulated


def test_an_exchange_alone_has_no_quotes_and_a_market_of_items_no_candles() -> None:
    assert build(["binance"], lambda _: ProviderSettings()) == []
    assert build_exchanges(["steam"], lambda _: ProviderSettings()) == []


@pytest.mark.parametrize("name", QUOTING)
def test_entries_and_providers_agree(name: str) -> None:
    (provider,) = build([name], lambda _: ProviderSettings(key=KEY))
    entry = PROVIDERS[name]
    assert provider.name == name
    assert set(entry.sources) <= set(provider.sources)
    assert {source.simulated for source in entry.sources.values()} <= {provider.simulated}
    assert entry.key is not None or not entry.needs_key


def test_no_two_sources_have_one_place_as_a_reference() -> None:
    ranks = [source.rank for source in SOURCES.values() if source.rank is not None]
    assert len(ranks) == len(set(ranks))
