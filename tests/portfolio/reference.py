"""A second, plain implementation to compare with: one unit at a time, Fractions, no cleverness."""

import math
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from app.analytics.portfolio.ledger import Entry, Kind, Method


class Slip:
    """One unit of one item."""

    def __init__(self, bought: int, price: Fraction) -> None:
        self.bought, self.price = bought, price


def reference(entries: Sequence[Entry], method: Method) -> tuple[Fraction, Fraction, dict[int, int]]:
    """Exact realised profit, exact cost of what is left, units left; every unit is a slip of paper in a drawer."""
    drawers: dict[int, list[Slip]] = defaultdict(list)
    gain = Fraction(0)
    for entry in sorted(entries, key=lambda one: (one.time, one.kind is Kind.SELL or one.quantity < 0)):
        if entry.kind is Kind.FEE or entry.item is None:
            gain -= (entry.amount or 0) + (entry.fee or 0)
            continue
        drawer = drawers[entry.item]
        if entry.kind is Kind.SELL or entry.quantity < 0:
            gain += (entry.amount or 0) - (entry.fee or 0)
            for _ in range(abs(entry.quantity)):
                gain -= draw(drawer, method)
        else:
            drawer += [
                Slip(entry.id, Fraction((entry.amount or 0) + (entry.fee or 0), entry.quantity))
            ] * entry.quantity
    left = sum((slip.price for drawer in drawers.values() for slip in drawer), Fraction(0))
    return gain, left, {item: len(drawer) for item, drawer in drawers.items() if drawer}


def draw(drawer: list[Slip], method: Method) -> Fraction:
    match method:
        case Method.FIFO:
            return drawer.pop(0).price
        case Method.LIFO:
            return drawer.pop().price
        case Method.HIFO:
            dearest = max(range(len(drawer)), key=lambda at: (drawer[at].price, -at))
            return drawer.pop(dearest).price
        case Method.AVERAGE:
            if any(slip is not drawer[0] for slip in drawer):
                mean = sum((slip.price for slip in drawer), Fraction(0)) / len(drawer)
                drawer[:] = [Slip(drawer[0].bought, mean)] * len(drawer)
            return drawer.pop().price


def twr(values: Sequence[int], flows: Sequence[int]) -> Fraction:
    """Product of the steps' growth, as fractions."""
    product = Fraction(1)
    for before, after, flow in zip(values, values[1:], flows[1:], strict=False):
        if before:
            product *= max(Fraction(after - flow, before), Fraction(0))
    return product - 1


def surplus(rate: float, days: Sequence[int], flows: Sequence[int], end: int, value: int) -> float:
    """What is too much at the end when all flows grow at a yearly rate."""
    grown = [flow * (1 + rate) ** ((end - day) / 365) for day, flow in zip(days, flows, strict=True)]
    return math.fsum([*grown, -value])


def xirr(days: Sequence[int], flows: Sequence[int], end: int, value: int) -> float:
    """Plain bisection between a loss of nearly all and a gain of a million times; one sign change is assumed."""
    low, high = -0.9999999, 1e6
    at_low = surplus(low, days, flows, end, value) > 0
    for _ in range(200):
        middle = (low + high) / 2
        if (surplus(middle, days, flows, end, value) > 0) == at_low:
            low = middle
        else:
            high = middle
    return (low + high) / 2
