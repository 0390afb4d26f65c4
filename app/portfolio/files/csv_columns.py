"""CSV columns: which column of a file means what, of our own files and of others' exports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.portfolio.files.text_decoding import FileError

COLUMNS: Final = ("date", "type", "item", "quantity", "price", "fee", "currency", "note", "reference")
NEEDED: Final = ("date", "type", "price")
KINDS: Final = ("buy", "sell", "drop", "trade", "fee")
ALIASES: Final = {
    "time": "date", "timestamp": "date", "created_at": "date", "purchase_date": "date", "date_bought": "date", "bought_at": "date",
    "date_sold": "date", "sold_at": "date", "buy_date": "date", "sell_date": "date", "acted_on": "date",
    "kind": "type", "side": "type", "action": "type", "transaction_type": "type", "event": "type",
    "market_hash_name": "item", "name": "item", "item_name": "item", "market_name": "item", "hash_name": "item", "skin": "item",
    "amount": "quantity", "qty": "quantity", "count": "quantity", "units": "quantity",
    "unit_price": "price", "buy_price": "price", "bought_price": "price", "purchase_price": "price", "price_bought": "price",
    "sell_price": "price", "sold_price": "price", "price_sold": "price", "price_each": "price",
    "fees": "fee", "commission": "fee", "sale_fee": "fee",
    "currency_code": "currency", "notes": "note", "comment": "note",
    "external_id": "reference", "transaction_id": "reference", "csfloat_transaction_id": "reference", "order_id": "reference",
    "sale_id": "reference", "listing_id": "reference",
}  # fmt: skip
"""Names of columns in lower case, with underscores, by which other programs mean ours."""
WORDS: Final = {
    "bought": "buy", "purchase": "buy", "purchased": "buy", "buyer": "buy", "buy_order": "buy",
    "sold": "sell", "sale": "sell", "seller": "sell", "credit": "sell",
}  # fmt: skip
"""Types of transactions as other programs write them."""
BOUGHT: Final = frozenset(
    {"date_bought", "bought_at", "buy_date", "purchase_date", "buy_price", "bought_price", "purchase_price"}
)
SOLD: Final = frozenset({"date_sold", "sold_at", "sell_date", "sell_price", "sold_price", "price_sold"})
SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a reader says of a file: the header by our column, and the type and currency of lines that name none."""

    columns: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where our columns are in a file of these headers; `kind` and `currency` are those of lines that name none.

    `program` is whose export it is, where its headers tell.
    """

    headers: list[str]
    at: dict[str, int]
    kind: str | None
    currency: str | None
    program: str | None

    @property
    def missing(self) -> list[str]:
        """Columns that are needed and not there."""
        return [name for name in NEEDED if name not in self.at and not (name == "type" and self.kind)]

    def as_json(self) -> dict[str, object]:
        """Headers, and the one chosen for each of our columns."""
        chosen = {name: self.headers[at] for name, at in self.at.items()}
        return {
            "headers": self.headers,
            "chosen": chosen,
            "kind": self.kind,
            "missing": self.missing,
            "program": self.program,
        }


class ColumnsError(FileError):
    """Columns that are needed were not found; `places` says which were."""

    def __init__(self, places: Places) -> None:
        names = ", ".join(places.missing)
        super().__init__(f"the first line must name the columns; missing: {names} (known: {', '.join(COLUMNS)})")
        self.places = places


def find_columns(header: Sequence[str], layout: Layout) -> Places:
    """Which column is where: what the reader says first, then our own names, then those of others.

    Raises:
        ColumnsError: one that is needed is not there.
    """
    headers = [name.strip() for name in header]
    names = [name.lower().replace(" ", "_") for name in headers]
    at = {name: headers.index(text) for name, text in layout.columns.items() if name in COLUMNS and text in headers}
    said = {name for name, text in layout.columns.items() if not text}  # nothing in the file means it
    taken = set(at.values())
    csfloat = "csfloat_transaction_id" in names  # its `type` is the way it was listed
    for known in (COLUMNS, ALIASES):
        for place, name in enumerate(names):
            column = name if known is COLUMNS else ALIASES.get(name, "")
            if csfloat and name == "type":
                continue
            if column in COLUMNS and column not in at and column not in said and place not in taken:
                at[column] = place
                taken.add(place)
    # Of an export without a price the amount is money.
    if "price" not in at and "quantity" in at and names[at["quantity"]] == "amount" and "price" not in said:
        at["price"] = at.pop("quantity")
    kind = layout.kind or (None if "type" in at else _told(names))
    currency = layout.currency or ("USD" if csfloat else None)
    places = Places(headers, at, kind, currency, "CSFloat" if csfloat else None)
    if places.missing:
        raise ColumnsError(places)
    return places


def kind_of(text: str) -> str:
    """A transaction's type as we name it; the text itself in lower case where it is none."""
    word = text.strip().lower().replace(" ", "_")
    return WORDS.get(word, word)


def without_sign(text: str, currency: str) -> str:
    """An amount without its currency's sign or code at either end."""
    bare = text.strip()
    for sign in (currency, SIGNS.get(currency, currency)):
        bare = bare.removeprefix(sign).removesuffix(sign).strip()
    return bare


def _told(names: Sequence[str]) -> str | None:
    """What all lines are, where the names of columns say that they were bought, or sold."""
    bought, sold = not BOUGHT.isdisjoint(names), not SOLD.isdisjoint(names)
    return None if bought == sold else "buy" if bought else "sell"
