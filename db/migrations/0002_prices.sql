-- Quotes and their roll-ups, in plain PostgreSQL.
-- depends: 0001_items

CREATE TABLE price_history (
    item_id        integer NOT NULL,  -- no foreign key: a check per quote costs more than the insert itself
    source         text NOT NULL,
    time           timestamptz NOT NULL,
    price          bigint NOT NULL CHECK (price > 0),
    volume         bigint,
    volume_rolling boolean,  -- true: sales of the last 24 h, never summed; false: sales of the quote's own interval
    listings       integer,
    bid            bigint,
    ask            bigint,
    PRIMARY KEY (item_id, source, time)
) PARTITION BY RANGE (time);

-- Makes the partitions that a range of times needs: a month each, but past years whole, or a history of ten years would
-- make every query plan 120 tables. Safe to call from several sessions at once, and beside readers and writers: unlike
-- CREATE TABLE … PARTITION OF, attaching does not lock them out.
CREATE PROCEDURE price_partitions(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', lo AT TIME ZONE 'UTC');
    until timestamp;
    year text;
    name text;
BEGIN
    WHILE month AT TIME ZONE 'UTC' <= hi LOOP
        until := month + interval '1 month';
        name := 'price_history_' || to_char(month, 'YYYY_MM');
        year := 'price_history_' || to_char(month, 'YYYY');
        IF to_regclass(name) IS NULL AND to_regclass(year) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('price_partitions'));
            IF until <= date_trunc('year', now() AT TIME ZONE 'UTC')
               AND NOT EXISTS (SELECT 1 FROM pg_class WHERE relname ^@ (year || '_') AND relkind = 'r') THEN
                name := year;
                month := date_trunc('year', month);
                until := month + interval '1 year';
            END IF;
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE price_history INCLUDING ALL)', name);
                -- Only where quotes come in order of time: the past is filled item by item, and its every block spans it all.
                IF until > now() AT TIME ZONE 'UTC' THEN
                    EXECUTE format('CREATE INDEX ON %I USING brin (time)', name);
                END IF;
                EXECUTE format('ALTER TABLE price_history ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    name, month AT TIME ZONE 'UTC', until AT TIME ZONE 'UTC');
            END IF;
        END IF;
        month := until;
    END LOOP;
END $$;

CREATE TABLE price_latest (
    item_id        integer NOT NULL REFERENCES items ON DELETE CASCADE,
    source         text NOT NULL,
    time           timestamptz NOT NULL,  -- of the newest quote, whether or not it changed anything
    stored_time    timestamptz NOT NULL,  -- of the newest quote kept in price_history
    price          bigint NOT NULL,
    volume         bigint,
    volume_rolling boolean,
    listings       integer,
    bid            bigint,
    ask            bigint,
    PRIMARY KEY (item_id, source)
) WITH (fillfactor = 70);

-- Buckets are aligned to Monday 2000-01-03 (what TimescaleDB's time_bucket does). Prices in minor units.
CREATE TABLE price_1h (
    item_id integer NOT NULL,
    source  text NOT NULL,
    bucket  timestamptz NOT NULL,
    open    bigint NOT NULL,
    high    bigint NOT NULL,
    low     bigint NOT NULL,
    close   bigint NOT NULL,
    average double precision NOT NULL,
    stddev  double precision NOT NULL,  -- population
    volume  bigint,                     -- summed where the kind allows it, else the last rolling figure
    volume_rolling boolean,             -- which of the two it is
    samples bigint NOT NULL,
    open_time  timestamptz NOT NULL,    -- of the quotes that opened and closed it: what late data is merged by
    close_time timestamptz NOT NULL,
    volume_time timestamptz,            -- of the rolling figure
    PRIMARY KEY (item_id, source, bucket)
) WITH (fillfactor = 80);
CREATE TABLE price_24h (LIKE price_1h INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE price_7d (LIKE price_1h INCLUDING ALL) WITH (fillfactor = 80);
CREATE INDEX price_1h_bucket ON price_1h USING brin (bucket);

-- Merges buckets of quotes new to price_history, in the session's temporary table `partial`, into those that a roll-up has.
-- A few thousand rows against a table of any size: never worth reading that table whole, whatever its statistics say.
CREATE PROCEDURE price_merge(rollup text, of_source text) LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    EXECUTE format($merge$
        UPDATE %I AS k SET
            open = CASE WHEN p.open_time < k.open_time THEN p.open ELSE k.open END,
            high = greatest(k.high, p.high),
            low = least(k.low, p.low),
            close = CASE WHEN p.close_time >= k.close_time THEN p.close ELSE k.close END,
            average = (k.average * k.samples + p.average * p.samples) / (k.samples + p.samples),
            -- Chan, Golub, LeVeque (1979): the variance of two samples put together
            stddev = sqrt((k.samples * k.stddev ^ 2 + p.samples * p.stddev ^ 2
                           + (k.average - p.average) ^ 2 * k.samples * p.samples / (k.samples + p.samples))
                          / (k.samples + p.samples)),
            volume = CASE WHEN NOT k.volume_rolling AND NOT p.volume_rolling THEN k.volume + p.volume
                          WHEN NOT k.volume_rolling OR p.volume IS NULL THEN k.volume
                          WHEN NOT p.volume_rolling OR k.volume IS NULL OR p.volume_time > k.volume_time THEN p.volume
                          ELSE k.volume END,
            volume_rolling = coalesce(k.volume_rolling AND p.volume_rolling, k.volume_rolling, p.volume_rolling),
            volume_time = CASE WHEN k.volume_rolling AND NOT p.volume_rolling OR NOT k.volume_rolling THEN NULL
                               ELSE greatest(k.volume_time, p.volume_time) END,
            samples = k.samples + p.samples,
            open_time = least(k.open_time, p.open_time),
            close_time = greatest(k.close_time, p.close_time)
        FROM partial p WHERE k.item_id = p.item_id AND k.source = $1 AND k.bucket = p.bucket
        $merge$, rollup) USING of_source;
END $$;

-- Recomputes every bucket that [lo, hi] touches from the raw quotes, for all items: for repairs. Raw quotes of all those
-- buckets must still be kept, or their older part is lost. db/quotes/buckets.py says the same in NumPy.
CREATE PROCEDURE price_refresh(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    level record;
    origin constant timestamptz := '2000-01-03 00:00:00+00';
BEGIN
    -- Writers wait: what they know of the buckets must not change under them.
    LOCK TABLE price_history IN SHARE ROW EXCLUSIVE MODE;
    FOR level IN SELECT * FROM (VALUES ('price_1h', interval '1 hour'), ('price_24h', '1 day'), ('price_7d', '7 days')) l (name, width)
    LOOP
        EXECUTE format('DELETE FROM %I WHERE bucket >= $1 AND bucket <= $2', level.name)
            USING date_bin(level.width, lo, origin), date_bin(level.width, hi, origin);
        EXECUTE format($refresh$
            INSERT INTO %I (item_id, source, bucket, open, high, low, close, average, stddev, volume, volume_rolling, samples,
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
                       count(*) AS samples, min(time) AS open_time, max(time) AS close_time
                FROM (SELECT *, (extract(epoch FROM time) * 1000000)::bigint AS us FROM price_history
                      WHERE time >= $2 AND time < $3) h
                GROUP BY 1, 2, 3
            ) b ORDER BY 1, 2, 3
            $refresh$, level.name)
            USING level.width, date_bin(level.width, lo, origin), date_bin(level.width, hi, origin) + level.width, origin;
    END LOOP;
END $$;
