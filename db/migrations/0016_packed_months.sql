-- Quotes of months that are over become arrays, a row per item, source and month. What these tell is not stored again: no hours, no
-- weeks, and of days only those of several quotes. The names that others read (price_history, price_1h, price_24h, price_7d) become
-- views with the same rows and columns. Rows of before stay where they are and are valid there; `jobs.packing` moves them, some at a time.
-- depends: 0015_turnover

ALTER TABLE price_history RENAME TO price_quotes;
ALTER TABLE price_1h RENAME TO price_hours;
ALTER TABLE price_24h RENAME TO price_days;
ALTER TABLE price_7d RENAME TO price_weeks;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid WHERE inhparent = 'price_quotes'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %I RENAME TO %I', name, replace(name, 'price_history_', 'price_quotes_'));
    END LOOP;
END $$;

-- A quote is either here or in price_quotes.
CREATE TABLE price_months (
    item_id    integer NOT NULL,
    source     text NOT NULL,
    month      timestamptz NOT NULL,  -- its first moment, UTC
    first_time timestamptz NOT NULL,
    last_time  timestamptz NOT NULL,
    samples    integer NOT NULL,
    lone_hours boolean NOT NULL,      -- whether every quote is the only one of its hour
    lone_days  boolean NOT NULL,      -- whether a quote may be the only one of its day, which then has no row of its own
    volume_rolling boolean,           -- of all quotes, where `rollings` is null
    times      timestamptz[] NOT NULL,
    prices     bigint[] NOT NULL,
    volumes    bigint[],              -- this and the rest: null where it is null for every quote
    rollings   boolean[],
    listings   integer[],
    bids       bigint[],
    asks       bigint[],
    PRIMARY KEY (item_id, source, month)
);

-- Quotes of packed months from `lo` to `hi`; the caller's own conditions on item and source reach the index.
CREATE FUNCTION price_packed(lo timestamptz, hi timestamptz) RETURNS TABLE (
    item_id integer, source text, "time" timestamptz, price bigint, volume bigint, volume_rolling boolean, listings integer,
    bid bigint, ask bigint
) LANGUAGE sql STABLE AS $$
    SELECT m.item_id, m.source, q.time, q.price, q.volume,
           CASE WHEN m.rollings IS NULL THEN m.volume_rolling ELSE q.rolling END, q.listings, q.bid, q.ask
    FROM price_months m CROSS JOIN LATERAL unnest(m.times, m.prices, m.volumes, m.rollings, m.listings, m.bids, m.asks)
        q (time, price, volume, rolling, listings, bid, ask)
    WHERE m.month >= lo - interval '31 days' AND m.month <= hi AND m.last_time >= lo AND m.first_time <= hi
      AND q.time >= lo AND q.time <= hi
$$;

CREATE FUNCTION price_history_between(lo timestamptz, hi timestamptz) RETURNS TABLE (
    item_id integer, source text, "time" timestamptz, price bigint, volume bigint, volume_rolling boolean, listings integer,
    bid bigint, ask bigint
) LANGUAGE sql STABLE AS $$
    SELECT r.item_id, r.source, r.time, r.price, r.volume, r.volume_rolling, r.listings, r.bid, r.ask FROM price_quotes r
    WHERE r.time >= lo AND r.time <= hi
    UNION ALL
    SELECT p.item_id, p.source, p.time, p.price, p.volume, p.volume_rolling, p.listings, p.bid, p.ask FROM price_packed(lo, hi) p
$$;
CREATE VIEW price_history AS
    SELECT item_id, source, time, price, volume, volume_rolling, listings, bid, ask FROM price_quotes
    UNION ALL
    SELECT item_id, source, time, price, volume, volume_rolling, listings, bid, ask FROM price_packed('-infinity', 'infinity');

-- Per roll-up: the buckets of packed quotes that have no row (…_packed), and these with the rows (…_between): buckets from `lo` to
-- `hi`. What others know as the roll-up's table is a view of all of them.
CREATE FUNCTION price_1h_single(lo timestamptz, hi timestamptz) RETURNS SETOF price_hours LANGUAGE sql STABLE AS $$
    SELECT m.item_id, m.source, q.bucket, q.price, q.price, q.price, q.price, q.price::double precision, 0::double precision,
           CASE WHEN q.rolling IS NOT NULL THEN q.volume END, CASE WHEN q.volume IS NOT NULL THEN q.rolling END, 1::bigint, q.time, q.time,
           CASE WHEN q.volume IS NOT NULL AND q.rolling THEN q.time END
    FROM price_months m CROSS JOIN LATERAL (
        SELECT u.time, u.price, u.volume, CASE WHEN m.rollings IS NULL THEN m.volume_rolling ELSE u.rolling END AS rolling,
               date_bin('1 hour', u.time, '2000-01-03 00:00:00+00') AS bucket
        FROM unnest(m.times, m.prices, m.volumes, m.rollings) u (time, price, volume, rolling)) q
    WHERE m.lone_hours AND m.month >= lo - interval '31 days' AND m.month <= hi AND m.last_time >= lo
      AND m.first_time < hi + interval '1 hour' AND q.bucket >= lo AND q.bucket <= hi AND NOT EXISTS (
          SELECT FROM price_hours k WHERE k.item_id = m.item_id AND k.source = m.source AND k.bucket = q.bucket)
$$;
CREATE FUNCTION price_1h_packed(lo timestamptz, hi timestamptz) RETURNS SETOF price_hours LANGUAGE sql STABLE AS $$
    SELECT * FROM price_1h_single(lo, hi)
    UNION ALL
    SELECT b.item_id, b.source, b.bucket, b.open[2], b.high, b.low, b.close[2], b.average, b.stddev, coalesce(b.summed, b.figure[2]),
           CASE WHEN b.summed IS NOT NULL THEN false WHEN b.newest IS NOT NULL THEN true END,
           b.samples, b.open_time, b.close_time, CASE WHEN b.summed IS NULL THEN b.newest END
    FROM (
        SELECT q.item_id, q.source, q.bucket, min(ARRAY[q.us, q.price]) AS open, max(q.price) AS high, min(q.price) AS low,
               max(ARRAY[q.us, q.price]) AS close, avg(q.price::double precision) AS average,
               stddev_pop(q.price::double precision) AS stddev,
               (sum(q.volume) FILTER (WHERE NOT q.volume_rolling))::bigint AS summed,
               max(ARRAY[q.us, q.volume]) FILTER (WHERE q.volume_rolling AND q.volume IS NOT NULL) AS figure,
               max(q.time) FILTER (WHERE q.volume_rolling AND q.volume IS NOT NULL) AS newest,
               count(*) AS samples, min(q.time) AS open_time, max(q.time) AS close_time
        FROM (SELECT m.item_id, m.source, u.time, u.price, u.volume,
                     CASE WHEN m.rollings IS NULL THEN m.volume_rolling ELSE u.rolling END AS volume_rolling,
                     date_bin('1 hour', u.time, '2000-01-03 00:00:00+00') AS bucket, (extract(epoch FROM u.time) * 1000000)::bigint AS us
              FROM price_months m CROSS JOIN LATERAL unnest(m.times, m.prices, m.volumes, m.rollings) u (time, price, volume, rolling)
              WHERE NOT m.lone_hours AND m.month >= lo - interval '31 days' AND m.month <= hi AND m.last_time >= lo
                AND m.first_time < hi + interval '1 hour') q
        WHERE q.bucket >= lo AND q.bucket <= hi AND NOT EXISTS (
            SELECT FROM price_hours k WHERE k.item_id = q.item_id AND k.source = q.source AND k.bucket = q.bucket)
        GROUP BY q.item_id, q.source, q.bucket) b
$$;
CREATE FUNCTION price_24h_packed(lo timestamptz, hi timestamptz) RETURNS SETOF price_days LANGUAGE sql STABLE AS $$
    SELECT m.item_id, m.source, q.bucket, q.price, q.price, q.price, q.price, q.price::double precision, 0::double precision,
           CASE WHEN q.rolling IS NOT NULL THEN q.volume END, CASE WHEN q.volume IS NOT NULL THEN q.rolling END, 1::bigint, q.time, q.time,
           CASE WHEN q.volume IS NOT NULL AND q.rolling THEN q.time END
    FROM price_months m CROSS JOIN LATERAL (
        SELECT u.time, u.price, u.volume, CASE WHEN m.rollings IS NULL THEN m.volume_rolling ELSE u.rolling END AS rolling,
               date_bin('1 day', u.time, '2000-01-03 00:00:00+00') AS bucket
        FROM unnest(m.times, m.prices, m.volumes, m.rollings) u (time, price, volume, rolling)) q
    WHERE m.lone_days AND m.month >= lo - interval '31 days' AND m.month <= hi AND m.last_time >= lo
      AND m.first_time < hi + interval '1 day' AND q.bucket >= lo AND q.bucket <= hi AND NOT EXISTS (
          SELECT FROM price_days k WHERE k.item_id = m.item_id AND k.source = m.source AND k.bucket = q.bucket)
$$;
CREATE FUNCTION price_24h_between(lo timestamptz, hi timestamptz) RETURNS SETOF price_days LANGUAGE sql STABLE AS $$
    SELECT * FROM price_days k WHERE k.bucket >= lo AND k.bucket <= hi UNION ALL SELECT * FROM price_24h_packed(lo, hi)
$$;
CREATE FUNCTION price_7d_packed(lo timestamptz, hi timestamptz) RETURNS SETOF price_weeks LANGUAGE sql STABLE AS $$
    SELECT d.item_id, d.source, d.week, (array_agg(d.open ORDER BY d.bucket))[1], max(d.high), min(d.low),
           (array_agg(d.close ORDER BY d.bucket DESC))[1], min(d.mean),
           sqrt(sum(d.samples * (d.stddev ^ 2 + (d.average - d.mean) ^ 2)) / sum(d.samples)::double precision),
           (CASE WHEN bool_or(NOT d.volume_rolling) THEN sum(d.volume) FILTER (WHERE NOT d.volume_rolling)
                 ELSE (array_agg(d.volume ORDER BY d.volume_time DESC) FILTER (WHERE d.volume_rolling))[1] END)::bigint,
           bool_and(d.volume_rolling), sum(d.samples)::bigint, min(d.open_time), max(d.close_time),
           CASE WHEN bool_and(d.volume_rolling) THEN max(d.volume_time) END
    FROM (SELECT k.*, date_bin('7 days', k.bucket, '2000-01-03 00:00:00+00') AS week,
                 sum(k.average * k.samples) OVER w / sum(k.samples) OVER w::double precision AS mean
          FROM price_24h_between(lo, hi + interval '7 days') k
          WINDOW w AS (PARTITION BY k.item_id, k.source, date_bin('7 days', k.bucket, '2000-01-03 00:00:00+00'))) d
    WHERE d.week >= lo AND d.week <= hi AND NOT EXISTS (
        SELECT FROM price_weeks k WHERE k.item_id = d.item_id AND k.source = d.source AND k.bucket = d.week)
    GROUP BY d.item_id, d.source, d.week
$$;
CREATE FUNCTION price_1h_between(lo timestamptz, hi timestamptz) RETURNS SETOF price_hours LANGUAGE sql STABLE AS $$
    SELECT * FROM price_hours k WHERE k.bucket >= lo AND k.bucket <= hi UNION ALL SELECT * FROM price_1h_packed(lo, hi)
$$;
CREATE FUNCTION price_7d_between(lo timestamptz, hi timestamptz) RETURNS SETOF price_weeks LANGUAGE sql STABLE AS $$
    SELECT * FROM price_weeks k WHERE k.bucket >= lo AND k.bucket <= hi UNION ALL SELECT * FROM price_7d_packed(lo, hi)
$$;
CREATE VIEW price_1h AS SELECT * FROM price_1h_between('-infinity', 'infinity');
CREATE VIEW price_24h AS SELECT * FROM price_24h_between('-infinity', 'infinity');
CREATE VIEW price_7d AS SELECT * FROM price_7d_between('-infinity', 'infinity');

-- db/quotes/rollups.py merges in the statement that inserts.
DROP PROCEDURE price_merge(text, text);

-- Rows written through the views are stored as rows; those of packed months cannot be changed so.
CREATE FUNCTION price_view_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('DELETE FROM %I WHERE item_id = $1.item_id AND source = $1.source AND %I = $1.%2$I', TG_ARGV[0], TG_ARGV[1])
            USING OLD;
        GET DIAGNOSTICS found = ROW_COUNT;
        IF found = 0 THEN
            RAISE EXCEPTION 'item %, source %: quotes of packed months are changed by tracera backfill --replace', OLD.item_id, OLD.source;
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format('INSERT INTO %I SELECT ($1).*', TG_ARGV[0]) USING NEW;
        RETURN NEW;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER write_rows INSTEAD OF INSERT OR UPDATE OR DELETE ON price_history
    FOR EACH ROW EXECUTE FUNCTION price_view_write('price_quotes', 'time');
CREATE TRIGGER write_rows INSTEAD OF INSERT OR UPDATE OR DELETE ON price_1h
    FOR EACH ROW EXECUTE FUNCTION price_view_write('price_hours', 'bucket');
CREATE TRIGGER write_rows INSTEAD OF INSERT OR UPDATE OR DELETE ON price_24h
    FOR EACH ROW EXECUTE FUNCTION price_view_write('price_days', 'bucket');
CREATE TRIGGER write_rows INSTEAD OF INSERT OR UPDATE OR DELETE ON price_7d
    FOR EACH ROW EXECUTE FUNCTION price_view_write('price_weeks', 'bucket');

-- As in 0002, with the table's name of now.
CREATE OR REPLACE PROCEDURE price_partitions(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', lo AT TIME ZONE 'UTC');
    until timestamp;
    year text;
    name text;
BEGIN
    WHILE month AT TIME ZONE 'UTC' <= hi LOOP
        until := month + interval '1 month';
        name := 'price_quotes_' || to_char(month, 'YYYY_MM');
        year := 'price_quotes_' || to_char(month, 'YYYY');
        IF to_regclass(name) IS NULL AND to_regclass(year) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('price_partitions'));
            IF until <= date_trunc('year', now() AT TIME ZONE 'UTC')
               AND NOT EXISTS (SELECT 1 FROM pg_class WHERE relname ^@ (year || '_') AND relkind = 'r') THEN
                name := year;
                month := date_trunc('year', month);
                until := month + interval '1 year';
            END IF;
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE price_quotes INCLUDING ALL)', name);
                -- Only where quotes come in order of time: the past is filled item by item, and its every block spans it all.
                IF until > now() AT TIME ZONE 'UTC' THEN
                    EXECUTE format('CREATE INDEX ON %I USING brin (time)', name);
                END IF;
                EXECUTE format('ALTER TABLE price_quotes ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    name, month AT TIME ZONE 'UTC', until AT TIME ZONE 'UTC');
            END IF;
        END IF;
        month := until;
    END LOOP;
END $$;

-- Drops a partition of price_quotes if nothing is in it; readers and writers wait meanwhile.
CREATE PROCEDURE price_drop_empty(partition text) LANGUAGE plpgsql AS $$
DECLARE
    empty boolean;
BEGIN
    LOCK TABLE ONLY price_quotes IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I)', partition) INTO empty;
    IF empty THEN
        EXECUTE format('DROP TABLE %I', partition);
    END IF;
END $$;

-- As in 0007; buckets of packed quotes alone get no row, but for days of several quotes.
CREATE OR REPLACE PROCEDURE price_refresh(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    level record;
    origin constant timestamptz := '2000-01-03 00:00:00+00';
BEGIN
    -- Writers wait: what they know of the buckets must not change under them.
    LOCK TABLE price_quotes, price_months IN SHARE ROW EXCLUSIVE MODE;
    FOR level IN SELECT * FROM (VALUES ('price_hours', interval '1 hour'), ('price_days', '1 day'), ('price_weeks', '7 days')) l (name, width)
    LOOP
        EXECUTE format($refresh$
            INSERT INTO %I AS k (item_id, source, bucket, open, high, low, close, average, stddev, volume, volume_rolling, samples,
                                 open_time, close_time, volume_time)
            SELECT item_id, source, bucket, open, high, low, close, average, stddev, coalesce(summed, figure[2]),
                   CASE WHEN summed IS NOT NULL THEN false WHEN newest IS NOT NULL THEN true END,
                   samples, open_time, close_time, CASE WHEN summed IS NULL THEN newest END
            FROM (
                SELECT item_id, source, date_bin($1, time, $4) AS bucket, (min(ARRAY[us, price]))[2] AS open,
                       max(price) AS high, min(price) AS low, (max(ARRAY[us, price]))[2] AS close,
                       avg(price::double precision) AS average, stddev_pop(price::double precision) AS stddev,
                       (sum(volume) FILTER (WHERE NOT volume_rolling))::bigint AS summed,
                       max(ARRAY[us, volume]) FILTER (WHERE volume_rolling AND volume IS NOT NULL) AS figure,
                       max(time) FILTER (WHERE volume_rolling AND volume IS NOT NULL) AS newest,
                       count(*) AS samples, min(time) AS open_time, max(time) AS close_time, bool_and(packed) AS packed
                FROM (SELECT *, (extract(epoch FROM time) * 1000000)::bigint AS us
                      FROM (SELECT *, false AS packed FROM price_quotes WHERE time >= $2 AND time < $3
                            UNION ALL SELECT *, true FROM price_packed($2, $3) WHERE time < $3) q) h
                GROUP BY 1, 2, 3
            ) b
            WHERE NOT packed OR %1$L = 'price_days' AND samples > 1
               OR EXISTS (SELECT FROM %1$I s WHERE s.item_id = b.item_id AND s.source = b.source AND s.bucket = b.bucket)
            ORDER BY 1, 2, 3
            ON CONFLICT (item_id, source, bucket) DO UPDATE SET
                open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
                average = excluded.average, stddev = excluded.stddev, volume = excluded.volume,
                volume_rolling = excluded.volume_rolling, samples = excluded.samples, open_time = excluded.open_time,
                close_time = excluded.close_time, volume_time = excluded.volume_time
            WHERE excluded.samples >= k.samples
            $refresh$, level.name)
            USING level.width, date_bin(level.width, lo, origin), date_bin(level.width, hi, origin) + level.width, origin;
    END LOOP;
END $$;
