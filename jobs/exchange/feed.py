"""Exchange feed: keeps an exchange's stream flowing into PostgreSQL and Redis, and its past and gaps filled."""

import asyncio
import time

import redis
import structlog

from app.candles import demand, feeds
from app.candles.demand import Progress
from app.providers.base import ProviderError
from app.providers.exchange import Connected, Exchange, Kline, Symbol
from db.candles import store, symbols
from db.core import redis as cache
from db.core.pool import Database, DatabaseDownError
from jobs.exchange.buffer import MINUTE, StreamBuffer
from jobs.exchange.history import History
from jobs.exchange.levels import PairLevels
from jobs.exchange.publish import price_messages, publish
from jobs.exchange.repair import GapRepair
from jobs.exchange.repairer import Repairer
from jobs.exchange.selection import FeedOptions, Selection
from jobs.exchange.state import FeedState

log = structlog.get_logger(__name__)

PUBLISH_INTERVAL = 0.25
STORE_EVERY = 4
"""Finals are stored at every fourth publication, tickers at every twentieth, a pair's first one at once."""
SAVE_TICKERS_EVERY = 20
LATE_AFTER = 10
"""Seconds after a minute's end when its final candle is late and is asked for."""
LONGEST_ROLL = 86_400
GAP_INTERVAL = 3_600.0
CHOOSE_INTERVAL = 1.0
RELIST_INTERVAL = 600.0
RETRY_DELAY = 5.0


class ExchangeFeed:
    """One exchange's way into the database; `run` ends only when it is cancelled."""

    def __init__(
        self, exchange: Exchange, database: Database, client: redis.Redis, options: FeedOptions | None = None
    ) -> None:
        self.exchange, self.database, self.redis = exchange, database, client
        self.options = options or FeedOptions()
        self.selection = Selection(exchange, database, client, self.options)
        self.buffer = StreamBuffer({})
        self.repair = GapRepair(exchange, database, {})
        self.repairer = Repairer(self.repair, {}, self._note_final)
        self.levels = PairLevels()
        self._symbols: dict[str, Symbol] = {}
        self._added: asyncio.Queue[list[Symbol]] = asyncio.Queue()
        self._state = FeedState(exchange)
        self._asked: dict[str, float] = {}
        self._breaks = 0

    async def run(self) -> None:
        """Stream, store and repair; begins again after whatever goes wrong, not before the exchange wants it."""
        while True:
            wait, error = RETRY_DELAY, ""
            try:
                await self._begin()
                async with asyncio.TaskGroup() as tasks:
                    for work in (
                        self._listen,
                        self._flush_often,
                        self.repairer.plan,
                        self.repairer.fill,
                        self._watch_gaps,
                        self._follow_demand,
                        self._fill_history,
                        self._fill_added,
                    ):
                        tasks.create_task(work())
            except* (ProviderError, DatabaseDownError, redis.RedisError) as failures:
                error = str(failures.exceptions[0])
                wait = max((_asked_to_wait(one) for one in failures.exceptions), default=None) or RETRY_DELAY
                log.warning("exchange feed broke off", exchange=self.exchange.name, error=error, seconds=round(wait, 1))
            except* Exception as failures:  # the feed must come back; the error is logged with its trace
                error = f"{type(failures.exceptions[0]).__name__}: {failures.exceptions[0]}"
                log.exception("exchange feed broke off", exchange=self.exchange.name)
            self._breaks += 1
            await self._rest(wait, error)

    async def _rest(self, seconds: float, error: str) -> None:
        """Wait, saying all the while why."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.to_thread(self._save_state, error)
            await asyncio.sleep(min(left, feeds.FEED_SECONDS / 2))

    async def _begin(self) -> None:
        """Learn the symbols, store them, and watch those that are wanted and trade."""
        await self.selection.relist()
        self._symbols = {}
        self._added = asyncio.Queue()
        self.buffer = StreamBuffer(self.selection.items, off_grid=self.buffer.off_grid)
        self.repair.items = self.selection.items
        self.repairer = Repairer(self.repair, self._symbols, self._note_final)
        await self._choose()
        if self._breaks:
            # Sockets may have stayed open all the while: then nothing else says that candles are missing.
            self.repairer.ask(Connected(tuple(self._symbols), "the feed broke off"))

    # Which symbols

    async def _choose(self) -> list[Symbol]:
        """Watch what is wanted now; returns what was not watched before."""
        wanted = await asyncio.to_thread(self.selection.choose)
        self.buffer.items = self.repair.items = self.selection.items
        if wanted == self._symbols:
            return []
        added = [one for name, one in wanted.items() if name not in self._symbols]
        for name in set(self._symbols).difference(wanted):
            self.buffer.forget(name)
        self._symbols.clear()
        self._symbols.update(wanted)
        await self.exchange.watch(list(wanted.values()))
        return added

    async def _follow_demand(self) -> None:
        """Watch other symbols as soon as somebody opens them, no more when nobody does; look at the exchange's list at times."""
        listed = time.monotonic()
        while True:
            await asyncio.sleep(CHOOSE_INTERVAL)
            if time.monotonic() - listed > RELIST_INTERVAL:
                listed = time.monotonic()
                await self._relist()
            if added := await self._choose():
                log.info("pairs watched", exchange=self.exchange.name, pairs=[one.symbol for one in added][:10])
                # Told before the first price is: who has the page open waits for the history from the beginning.
                for one in added:
                    await asyncio.to_thread(self._tell_progress, one, 0, 1)
                self._added.put_nowait(added)

    async def _relist(self) -> None:
        try:
            await self.selection.relist()
        except ProviderError as error:
            log.warning("list of pairs not read; the last one holds", exchange=self.exchange.name, error=str(error))

    # From the stream

    async def _listen(self) -> None:
        async for event in self.exchange.events():
            if isinstance(event, Connected):
                self.repairer.ask(event)
            else:
                self.buffer.take(event)

    async def _flush_often(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(PUBLISH_INTERVAL)
            turn += 1
            if turn % STORE_EVERY == 0:
                await self._store_finals()
                self._ask_for_late()
                await asyncio.to_thread(self._save_state)
            if turn % SAVE_TICKERS_EVERY == 0 or not self.buffer.unsaved <= self.buffer.saved:
                await asyncio.to_thread(self._save_tickers)
            await asyncio.to_thread(self._publish)

    async def _store_finals(self) -> None:
        finals = self.buffer.take_finals(self.repairer.held)
        if not finals:
            return
        try:
            await asyncio.to_thread(self._store, finals)
        except DatabaseDownError:
            self.buffer.give_back(finals)
            raise
        self.levels.finals += finals
        for kline in finals:
            self._note_final(kline.symbol, kline.open_time)

    def _store(self, finals: list[Kline]) -> None:
        item_id, candles = self.buffer.columns(finals)
        last = self.buffer.last_final
        # From each pair's last one on: the minute that a longer candle ended with may have been missing.
        since = min(min(kline.open_time, last.get(kline.symbol, kline.open_time)) for kline in finals)
        with self.database.connection() as connection:
            store.make_partitions(connection, candles)
            with connection.transaction():
                store.store(connection, self.exchange.name, item_id, candles)
                until = int(candles.open_time.max()) + MINUTE
                store.roll_up(connection, self.exchange.name, item_id, max(since, until - LONGEST_ROLL), until, until)

    def _note_final(self, symbol: str, open_time: int) -> None:
        last = self.buffer.last_final
        if symbol in self._symbols:
            last[symbol] = max(open_time, last.get(symbol, 0))

    def _publish(self) -> None:
        buffer = self.buffer
        symbols_now, buffer.unpublished = buffer.unpublished, set()
        tickers = [one for symbol in symbols_now if (one := buffer.tickers.get(symbol))]
        running = {buffer.items[bar.symbol]: bar for bar in buffer.take_running()}
        levels = self.levels.messages(buffer.items, self.exchange.name, list(running.values()), tickers)
        try:
            messages = price_messages(buffer.items, self.exchange.name, tickers)
            for one, message in zip(tickers, messages, strict=True):
                message["received"] = buffer.received[one.symbol]
            publish(self.redis, messages, running)
            cache.publish_messages(self.redis, cache.LEVELS, levels)
        except redis.RedisError as error:
            log.info("prices of pairs not published: Redis does not answer", error=str(error))

    def _save_tickers(self) -> None:
        buffer = self.buffer
        unsaved, buffer.unsaved = buffer.unsaved, set()
        buffer.saved |= unsaved
        tickers = [one for symbol in unsaved if (one := buffer.tickers.get(symbol))]
        rows = []
        for one in tickers:
            book = buffer.books.get(one.symbol)
            bid, ask = (book.bid, book.ask) if book else (-1, -1)
            figures = (one.price, bid, ask, one.open, one.high, one.low, one.volume)
            rows.append((buffer.items[one.symbol], one.time // 1000, *figures))
        with self.database.connection() as connection, connection.transaction():
            symbols.save_tickers(connection, self.exchange.name, rows)
        try:
            cache.set_latest(self.redis, price_messages(buffer.items, self.exchange.name, tickers))
        except redis.RedisError as error:
            log.info("price:latest of pairs not set: Redis does not answer", error=str(error))

    def _save_state(self, error: str | None = None) -> None:
        """Say through Redis how the feed does; `error` is why it does not run."""
        state = self._state.describe(list(self._symbols), dict(self.buffer.last_final)) | {
            "rest_catchup_candles_total": self.repair.stored,
            "queue_depth": len(self.buffer.finals),
            "repairs_waiting": len(self.repairer),
            "off_grid": self.buffer.off_grid + self.exchange.counts().get("off_grid", 0),
            "on_demand": sum(not self.selection.is_configured(name) for name in list(self._symbols)),
            "left_out": self.selection.left_out,
        }
        try:
            feeds.save(self.redis, state | ({"error": error, "ws_state": "none"} if error else {}))
        except redis.RedisError as failure:
            log.info("state of the feed not saved: Redis does not answer", error=str(failure))

    # What is missing

    def _ask_for_late(self) -> None:
        """Ask for the final candles of minutes that ended a while ago, by the exchange's clock, without one."""
        due = (int(self.exchange.now()) - LATE_AFTER) // MINUTE * MINUTE - MINUTE
        now = time.monotonic()
        late = [
            symbol
            for symbol, last in self.buffer.last_final.items()
            if last < due
            and symbol in self._symbols
            and not self.repairer.is_pending(symbol)
            and now - self._asked.get(symbol, -MINUTE) >= MINUTE
        ]
        if late:
            self._asked |= dict.fromkeys(late, now)
            self.repairer.ask(Connected(tuple(late), "late"))

    async def _watch_gaps(self) -> None:
        while True:
            await asyncio.sleep(GAP_INTERVAL)
            await self.repairer.search("hourly")

    # What was before

    async def _fill_history(self) -> None:
        await self._history().fill(list(self._symbols.values()))
        await self._watch_levels()

    async def _fill_added(self) -> None:
        """The past of pairs that are opened does not wait for that of all others."""
        while True:
            added = await self._added.get()
            for one in added:
                await self._history().fill([one])
            await asyncio.to_thread(self._load_levels)

    async def _watch_levels(self) -> None:
        while True:
            await asyncio.to_thread(self._load_levels)
            await asyncio.sleep(GAP_INTERVAL)

    def _load_levels(self) -> None:
        """Levels from all candles, those repaired meanwhile included."""
        pairs = symbols.some(self.database, list(self._symbols))
        self.levels.load(self.database, self.redis, [pair for pair in pairs if pair.market == self.exchange.market])

    def _history(self) -> History:
        options, items = self.options, self.selection.items
        return History(
            self.exchange,
            self.database,
            items,
            options.minute_days,
            options.hour_days,
            options.first_day,
            self._tell_progress,
        )

    def _tell_progress(self, symbol: Symbol, done: int, total: int) -> None:
        progress = Progress(done, total) if done < total else None
        try:
            demand.save_progress(self.redis, self.selection.items[symbol.symbol], progress)
        except redis.RedisError as error:
            log.info("progress of a history not told: Redis does not answer", error=str(error))


def _asked_to_wait(error: BaseException) -> float:
    """Seconds that the exchange wants to be left alone, 0 where it does not say."""
    if isinstance(error, BaseExceptionGroup):
        return max(_asked_to_wait(one) for one in error.exceptions)
    return (error.retry_after or 0.0) if isinstance(error, ProviderError) else 0.0
