"""Archive: everything of one user as one JSON document, and back."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Annotated, Any, Final, Literal, Self

import psycopg
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from app.portfolio.files.text_decoding import FileError, read_json
from app.portfolio.transaction_limits import violation
from app.times import Time
from db.core.pool import LONG_TIMEOUT, Database
from db.portfolio import portfolios, transactions
from db.portfolio import restore as restore_rows
from db.portfolio.holdings import Asset
from db.portfolio.restore import RestoredAsset, Saved
from db.portfolio.transactions import Transaction

VERSION: Final = 1
Amount = Annotated[StrictInt, Field(ge=0, lt=2**63)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


def _clean(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a zero character")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_clean)]
Name = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_clean)]


class Strict(BaseModel):
    """No value is silently ignored or bent."""

    model_config = ConfigDict(extra="forbid", strict=False)


class SavedTransaction(Strict):
    """A transaction; amounts in minor units of its currency."""

    time: Time
    kind: Literal["buy", "sell", "drop", "trade", "fee"]
    market_hash_name: Name | None
    quantity: Annotated[StrictInt, Field(gt=-(2**53), lt=2**53)]
    price: Amount
    fee: Amount = 0
    currency: Currency
    note: Text = ""
    external_id: Name | None = None
    timed: bool = True

    @model_validator(mode="after")
    def _sound(self) -> Self:
        """What the database would refuse without saying where."""
        if self.kind == "fee":
            sound = self.quantity == 0
        else:
            sound = self.market_hash_name is not None and (
                self.quantity > 0 or (self.kind == "trade" and self.quantity < 0)
            )
        if not sound or (self.kind == "drop" and self.price):
            raise ValueError(f"a {self.kind} of {self.quantity} x {self.market_hash_name} at {self.price} cannot be")
        if not self.timed and self.time.astimezone(UTC).time() != time.min:
            raise ValueError("the time of a transaction that is not timed is the start of its day, 00:00 UTC")
        return self


class SavedSnapshot(Strict):
    """A valuation."""

    time: Time
    currency: Currency
    value: Amount
    growth: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    deposits: Amount
    withdrawals: Amount
    priced: Annotated[int, Field(ge=0, lt=2**31)]
    unpriced: Annotated[int, Field(ge=0, lt=2**31)]
    simulated: bool = False


class SavedPortfolio(Strict):
    """A portfolio."""

    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_clean)]
    currency: Currency
    price_source: Annotated[str, Field(max_length=64), AfterValidator(_clean)] = "reference"
    cost_method: Literal["fifo", "lifo", "hifo", "average"] = "fifo"
    includes_steam: bool = False
    transactions: list[SavedTransaction] = []
    snapshots: list[SavedSnapshot] = []


class SavedAsset(Strict):
    """A stack of the Steam inventory."""

    steam_asset_id: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
    market_hash_name: Name
    quantity: Annotated[int, Field(gt=0, lt=2**53)]
    marketable: bool = True
    tradable: bool = True
    tradable_after: Time | None = None
    float_value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    paint_seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    paint_index: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    phase: Text | None = None
    name_tag: Text | None = None
    icon: Text | None = None
    created_at: Time
    imported_at: Time


class Archive(Strict):
    """The document."""

    format: Literal["tracera-portfolio"] = "tracera-portfolio"
    version: Literal[1] = VERSION
    exported_at: Time
    portfolios: list[SavedPortfolio]
    steam_holdings: list[SavedAsset] = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [portfolio.name for portfolio in self.portfolios]
        assets = [asset.steam_asset_id for asset in self.steam_holdings]
        if len(set(names)) < len(names) or len(set(assets)) < len(assets):
            raise ValueError("two portfolios of one name, or one asset twice")
        if sum(portfolio.includes_steam for portfolio in self.portfolios) > 1:
            raise ValueError("only one portfolio may include the Steam inventory")
        for portfolio in self.portfolios:
            known = [one.external_id for one in portfolio.transactions if one.external_id]
            times = [one.time for one in portfolio.snapshots]
            if len(set(known)) < len(known) or len(set(times)) < len(times):
                raise ValueError(f"{portfolio.name}: a transaction's external_id, or a snapshot's time, comes twice")
        return self


def export(database: Database, user_id: int) -> dict[str, Any]:
    """Everything a user keeps, as the document's values; a sample portfolio is nothing of theirs."""
    saved = []
    for portfolio in portfolios.every(database, user_id):
        if portfolio["sample"]:
            continue
        fields = {
            name: portfolio[name] for name in ("name", "currency", "price_source", "cost_method", "includes_steam")
        }
        entries = transactions.every(database, user_id, portfolio["id"])
        kept = [{name: row[name] for name in SavedTransaction.model_fields} for row in entries]
        snapshots = restore_rows.saved_snapshots(database, user_id, portfolio["id"])
        saved.append(fields | {"transactions": kept, "snapshots": snapshots})
    return {
        "format": "tracera-portfolio",
        "version": VERSION,
        "exported_at": datetime.now(UTC),
        "portfolios": saved,
        "steam_holdings": restore_rows.saved_holdings(database, user_id),
    }


def _read(document: bytes) -> Archive:
    found = read_json(document)
    if len(found) != 1:
        raise FileError("this is no export of Tracera: it must hold one JSON document")
    try:
        archive = Archive.model_validate(found[0])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise FileError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
    now = datetime.now(UTC)
    for number, portfolio in enumerate(archive.portfolios):
        for at, one in enumerate(portfolio.transactions):
            if wrong := violation(Transaction(**one.model_dump()), now):
                raise FileError(f"portfolios.{number}.transactions.{at}.{wrong[0]}: {wrong[1]}")
    return archive


def restore(
    database: Database,
    user_id: int,
    document: bytes,
    done: Callable[[psycopg.Connection, dict[str, Any]], object] | None = None,
) -> dict[str, int]:
    """Put an exported document in the place of everything a user keeps; returns how much it holds, told to `done` in the same transaction.

    Raises:
        FileError: the document is no export, or contradicts itself; nothing was changed.
    """
    archive = _read(document)
    saved = [
        Saved(
            portfolio.name, portfolio.currency, portfolio.price_source, portfolio.cost_method, portfolio.includes_steam,
            [Transaction(**one.model_dump()) for one in portfolio.transactions],
            [tuple(one.model_dump().values()) for one in portfolio.snapshots],
        )
        for portfolio in archive.portfolios
    ]  # fmt: skip
    held = [
        RestoredAsset(
            Asset(**asset.model_dump(exclude={"created_at", "imported_at"})), asset.created_at, asset.imported_at
        )
        for asset in archive.steam_holdings
    ]
    transactions = sum(len(portfolio.transactions) for portfolio in archive.portfolios)
    counts = {"portfolios": len(saved), "transactions": transactions, "steam_holdings": len(held)}
    with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
        restore_rows.restore(connection, user_id, saved, held)
        if done:
            done(connection, counts)
    return counts
