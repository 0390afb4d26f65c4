"""Flows against a plain implementation, over prices, rates and sources that come and go."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.portfolio.pricing import Exchange
from db.portfolio.prices import Latest
from jobs.valuation import Account, Valuer, snapshot

SOURCES = ["skinport", "steam"]
Positions = np.dtype(
    [("portfolio_id", "i4"), ("item_id", "i4"), ("quantity", "i8"), ("priced", "i1"), ("source", "i4")]
)


@dataclass(frozen=True)
class Moment:
    """What is held and quoted: prices by (item, source), the source that speaks for each item, the rate of the euro."""

    held: dict[int, int]
    prices: dict[tuple[int, str], int]
    reference: dict[int, str]
    rate: int | None = 1_000_000


@dataclass
class Plain:
    """The same by hand: one item at a time, fractions."""

    growth: Fraction = Fraction(1)
    moved: int = 0
    value: int | None = None
    sources: dict[int, tuple[str, int]] = field(default_factory=dict)

    def step(self, moment: Moment) -> None:
        def worth(item: int, source: str, units: int) -> int | None:
            price = moment.prices.get((item, source))
            if price is None or moment.rate is None:
                return None
            exact = Fraction(price * units * moment.rate, 1_000_000)
            return round(exact)  # half to even

        now = {item: worth(item, moment.reference[item], units) for item, units in moment.held.items()}
        value = sum(amount for amount in now.values() if amount is not None)
        then = [worth(item, source, units) for item, (source, units) in self.sources.items()]
        known = [amount for amount in then if amount is not None]
        if self.value is not None:
            earned = sum(known) if len(known) == len(then) else self.value
            if self.value > 0:
                self.growth *= Fraction(earned, self.value)
            self.moved += value - earned
        else:
            self.moved = value
        self.value = value
        self.sources = {
            item: (moment.reference[item], moment.held[item]) for item, amount in now.items() if amount is not None
        }


class Product:
    """The valuation's own arithmetic, fed by hand."""

    def __init__(self) -> None:
        self.account = Account(
            1, "EUR", "reference", changed=True, value=None, growth=1.0, deposits=0, withdrawals=0, same_terms=False
        )
        self.before = np.zeros(0, dtype=Positions)

    def step(self, moment: Moment) -> None:
        rows = sorted((item, SOURCES.index(source), price) for (item, source), price in moment.prices.items())
        item_id, source, price = (np.array([row[at] for row in rows], dtype=np.int64) for at in range(3))
        speaks = [moment.reference[row[0]] == SOURCES[row[1]] for row in rows]
        quotes = Latest(
            item_id,
            source,
            price,
            price,
            np.array(speaks, dtype=np.bool_),
            np.zeros(len(rows), dtype=np.bool_),
            SOURCES,
        )
        after = np.array([(1, item, units, 0, 0) for item, units in sorted(moment.held.items())], dtype=Positions)
        valuer = Valuer([self.account], quotes, Exchange({}, {"EUR": moment.rate} if moment.rate else {}), {})
        amounts, chosen = valuer.values(after)
        columns = snapshot([self.account], after, amounts, self.before, valuer.at_sources(self.before))
        after["priced"], after["source"] = amounts >= 0, chosen + 1
        figures = {name: values.tolist()[0] for name, values in columns.items()}
        self.account = replace(
            self.account, value=figures["value"], growth=figures["growth"], deposits=figures["deposits"],
            withdrawals=figures["withdrawals"], same_terms=True,
        )  # fmt: skip
        self.before = after


def moments(price: st.SearchStrategy[int]) -> st.SearchStrategy[list[Moment]]:
    items = st.sampled_from([1, 2, 3])
    prices = st.dictionaries(st.tuples(items, st.sampled_from(SOURCES)), price)
    speaks = st.fixed_dictionaries({item: st.sampled_from(SOURCES) for item in (1, 2, 3)})
    one = st.builds(
        Moment, st.dictionaries(items, st.integers(1, 50)), prices, speaks, st.none() | st.integers(500_000, 2_000_000)
    )
    return st.lists(one, min_size=1, max_size=8)


@pytest.mark.slow
@given(moments(st.integers(1, 10**6)))
def test_flows_and_growth_are_those_of_the_plain_implementation(course: list[Moment]) -> None:
    product, plain = Product(), Plain()
    for moment in course:
        product.step(moment)
        plain.step(moment)
        assert product.account.value == plain.value
        assert product.account.deposits - product.account.withdrawals == plain.moved
        assert abs(product.account.growth - float(plain.growth)) <= 1e-9 * float(plain.growth)


@pytest.mark.slow
@given(moments(st.just(1)))
def test_what_comes_and_goes_earns_nothing_where_no_price_moves(course: list[Moment]) -> None:
    """Each source has a price of its own for each item, which never moves; items, quotes and references come and go."""
    product = Product()
    for moment in course:
        still = {(item, source): 1000 * item + 77 * SOURCES.index(source) for item, source in moment.prices}
        product.step(replace(moment, prices=still, rate=None if moment.rate is None else 900_000))
        assert product.account.growth == 1.0
