from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.portfolio.fees import net_proceeds, net_proceeds_all, steam_net_proceeds
from app.analytics.portfolio.money import Rate, RateError, convert_all, divide, rate
from app.providers.sources import DEFAULT_FEES

RATES = {"EUR": 920_000, "JPY": 155_000_000, "KWD": 307_000, "VND": 25_000_000_000}


def test_conversions_by_hand() -> None:
    assert rate("USD", "EUR", RATES).convert(10_000) == 9_200
    assert rate("EUR", "USD", RATES).convert(9_200) == 10_000
    assert rate("USD", "JPY", RATES).convert(10_000) == 15_500  # a yen has no cents
    assert rate("USD", "KWD", RATES).convert(100) == 307  # a dinar has thousandths
    assert rate("USD", "USD", {}, scale=10**8).convert(150_000_000) == 150
    assert rate("GBP", "GBP", {}).convert(17) == 17
    assert [Rate(1, 2).convert(amount) for amount in (1, 3, 5, -1)] == [0, 2, 2, 0]


def test_a_currency_without_a_rate_is_an_error() -> None:
    with pytest.raises(RateError, match="GBP"):
        rate("USD", "GBP", RATES)


@given(
    st.lists(st.integers(-(10**15), 10**15), min_size=1), st.sampled_from([*RATES, "USD"]), st.sampled_from([*RATES])
)
def test_all_at_once_is_the_same(amounts: list[int], source: str, target: str) -> None:
    by = rate(source, target, RATES)
    if max(abs(by.convert(amount)) for amount in amounts) < 2**63:
        assert convert_all(np.array(amounts), by).tolist() == [by.convert(amount) for amount in amounts]


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_division_rounds_half_to_even(top: int, bottom: int) -> None:
    assert divide(top, bottom) == round(Fraction(top, bottom))


def test_steam_leaves_the_seller_what_the_fee_rule_says() -> None:
    # Buyer's price, seller's share, by hand: 20 + 1 + 2 = 23, 19 + 1 + 1 = 21, 870 + 43 + 87 = 1000.
    for price, seller in ((3, 1), (4, 2), (21, 19), (22, 19), (23, 20), (115, 100), (1_000, 870), (200_000, 173_914)):
        assert steam_net_proceeds(price) == seller, price
    assert steam_net_proceeds(2) is None


def test_the_seller_never_gets_more_than_the_rule_allows() -> None:
    prices = np.arange(0, 60_000)
    got = net_proceeds_all("steam", prices, {})
    for price, seller in zip(prices.tolist(), got.tolist(), strict=True):
        assert seller == (steam_net_proceeds(price) or -1)
    paid = [seller + max(1, seller // 20) + max(1, seller // 10) for seller in got[3:].tolist()]
    assert all(total <= price for total, price in zip(paid, prices[3:].tolist(), strict=True))


def test_other_markets_and_unknown_ones() -> None:
    assert net_proceeds("csfloat", 1_000, DEFAULT_FEES) == 980
    assert net_proceeds("csfloat", 1, DEFAULT_FEES) == 0  # a fee is rounded up
    assert net_proceeds("nowhere", 1_000, DEFAULT_FEES) is None
    assert net_proceeds_all("nowhere", np.array([5]), {}).tolist() == [-1]
    assert net_proceeds_all("csfloat", np.array([1_000, -1]), DEFAULT_FEES).tolist() == [980, -1]
