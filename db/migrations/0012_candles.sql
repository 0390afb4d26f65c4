-- Pairs of exchanges, their candles and what was done about missing ones.
-- depends: 0011_search_form

CREATE TABLE symbols (
    item_id        integer PRIMARY KEY REFERENCES items ON DELETE CASCADE,
    base_currency  text NOT NULL,
    quote_currency text NOT NULL,
    volume_scale   integer NOT NULL CHECK (volume_scale > 0),
    min_notional   bigint,
    status         text NOT NULL CHECK (status IN ('trading', 'halted', 'delisted')),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

-- The newest ticker of a pair at a source: in the item's minor units, volume in the pair's.
CREATE TABLE tickers (
    item_id integer NOT NULL REFERENCES items ON DELETE CASCADE,
    source  text NOT NULL,
    time    timestamptz NOT NULL,
    price   bigint NOT NULL CHECK (price > 0),
    bid     bigint,
    ask     bigint,
    open    bigint NOT NULL,   -- 24 hours before
    high    bigint NOT NULL,
    low     bigint NOT NULL,
    volume  bigint NOT NULL,
    PRIMARY KEY (item_id, source)
) WITH (fillfactor = 70);

-- Final candles alone: what is still open lives in Redis. Prices and volume in minor units.
CREATE TABLE candles_1m (
    item_id   integer NOT NULL,
    source    text NOT NULL,
    open_time timestamptz NOT NULL,
    open      bigint NOT NULL CHECK (open > 0),
    high      bigint NOT NULL,
    low       bigint NOT NULL CHECK (low > 0),
    close     bigint NOT NULL CHECK (close > 0),
    volume    bigint NOT NULL CHECK (volume >= 0),
    trades    bigint,
    PRIMARY KEY (item_id, source, open_time),
    CHECK (low <= least(open, close) AND high >= greatest(open, close))
) PARTITION BY RANGE (open_time);

-- Makes the months that [lo, hi] touches. Attaching does not lock readers and writers out, as CREATE TABLE … PARTITION OF would.
CREATE PROCEDURE candle_partitions(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', lo AT TIME ZONE 'UTC');
    name text;
BEGIN
    WHILE month AT TIME ZONE 'UTC' <= hi LOOP
        name := 'candles_1m_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('candle_partitions'));
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE candles_1m INCLUDING ALL)', name);
                EXECUTE format('ALTER TABLE candles_1m ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
            END IF;
        END IF;
        month := month + interval '1 month';
    END LOOP;
END $$;

-- Rolled up from the next smaller interval once they are over; days and weeks in UTC, weeks from Monday.
CREATE TABLE candles_5m (LIKE candles_1m INCLUDING ALL);
CREATE TABLE candles_15m (LIKE candles_1m INCLUDING ALL);
CREATE TABLE candles_1h (LIKE candles_1m INCLUDING ALL);
CREATE TABLE candles_4h (LIKE candles_1m INCLUDING ALL);
CREATE TABLE candles_1d (LIKE candles_1m INCLUDING ALL);
CREATE TABLE candles_1w (LIKE candles_1m INCLUDING ALL);

-- Minutes that were missing and fetched again: [since, until). `candles` is how many came; the rest is a true hole, not asked for again.
CREATE TABLE candle_repairs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id     integer NOT NULL,
    source      text NOT NULL,
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    cause       text NOT NULL,
    candles     integer NOT NULL,
    repaired_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX candle_repairs_item ON candle_repairs (item_id, source, until);
