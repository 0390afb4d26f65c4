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
CREATE INDEX price_history_time ON price_history USING brin (time);

-- Makes the monthly partitions that a range of times needs. Safe to call from several sessions at once.
CREATE PROCEDURE price_partitions(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', lo AT TIME ZONE 'UTC');
    name text;
BEGIN
    WHILE month AT TIME ZONE 'UTC' <= hi LOOP
        name := 'price_history_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('price_partitions'));
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS %I PARTITION OF price_history FOR VALUES FROM (%L) TO (%L)',
                name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        END IF;
        month := month + interval '1 month';
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
    volume_rolling boolean,
    samples bigint NOT NULL,
    open_time  timestamptz NOT NULL,    -- of the quotes that opened and closed it: what late data is merged by
    close_time timestamptz NOT NULL,
    PRIMARY KEY (item_id, source, bucket)
) WITH (fillfactor = 80);
CREATE TABLE price_24h (LIKE price_1h INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE price_7d (LIKE price_1h INCLUDING ALL) WITH (fillfactor = 80);
CREATE INDEX price_1h_bucket ON price_1h USING brin (bucket);
CREATE INDEX price_24h_bucket ON price_24h USING brin (bucket);

-- Merges the quotes in the session's temporary table `fresh`, each new to price_history, into one roll-up.
CREATE PROCEDURE price_merge(rollup text, width interval) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($merge$
        INSERT INTO %I AS k
        SELECT item_id, source, date_bin(%L, time, '2000-01-03 00:00:00+00'),
               (min(ARRAY[us, price]))[2], max(price), min(price), (max(ARRAY[us, price]))[2],
               avg(price::double precision), stddev_pop(price::double precision),
               coalesce(sum(volume) FILTER (WHERE NOT volume_rolling),
                        (max(ARRAY[us, volume]) FILTER (WHERE volume_rolling AND volume IS NOT NULL))[2])::bigint,
               bool_and(volume_rolling), count(*), min(time), max(time)
        FROM (SELECT *, (extract(epoch FROM time) * 1000000)::bigint AS us FROM fresh) f
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (item_id, source, bucket) DO UPDATE SET
            open = CASE WHEN excluded.open_time < k.open_time THEN excluded.open ELSE k.open END,
            high = greatest(k.high, excluded.high),
            low = least(k.low, excluded.low),
            close = CASE WHEN excluded.close_time >= k.close_time THEN excluded.close ELSE k.close END,
            average = (k.average * k.samples + excluded.average * excluded.samples) / (k.samples + excluded.samples),
            -- Chan, Golub, LeVeque (1979): the variance of two samples put together
            stddev = sqrt((k.samples * k.stddev ^ 2 + excluded.samples * excluded.stddev ^ 2
                           + (k.average - excluded.average) ^ 2 * k.samples * excluded.samples / (k.samples + excluded.samples))
                          / (k.samples + excluded.samples)),
            volume = CASE WHEN k.volume IS NULL OR excluded.volume IS NULL THEN coalesce(k.volume, excluded.volume)
                          WHEN k.volume_rolling AND excluded.volume_rolling THEN
                              CASE WHEN excluded.close_time >= k.close_time THEN excluded.volume ELSE k.volume END
                          WHEN k.volume_rolling THEN excluded.volume
                          WHEN excluded.volume_rolling THEN k.volume
                          ELSE k.volume + excluded.volume END,
            volume_rolling = coalesce(k.volume_rolling AND excluded.volume_rolling, k.volume_rolling, excluded.volume_rolling),
            samples = k.samples + excluded.samples,
            open_time = least(k.open_time, excluded.open_time),
            close_time = greatest(k.close_time, excluded.close_time)
        $merge$, rollup, width);
END $$;

-- Recomputes every bucket that [lo, hi] touches from the raw quotes, for all items: for repairs. Raw quotes of all those
-- buckets must still be kept, or their older part is lost.
CREATE PROCEDURE price_refresh(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    level record;
    origin constant timestamptz := '2000-01-03 00:00:00+00';
BEGIN
    FOR level IN SELECT * FROM (VALUES ('price_1h', interval '1 hour'), ('price_24h', '1 day'), ('price_7d', '7 days')) l (name, width)
    LOOP
        EXECUTE format('DELETE FROM %I WHERE bucket >= $1 AND bucket <= $2', level.name)
            USING date_bin(level.width, lo, origin), date_bin(level.width, hi, origin);
        DROP TABLE IF EXISTS pg_temp.fresh;
        CREATE TEMPORARY TABLE fresh AS
            SELECT item_id, source, time, price, volume, volume_rolling FROM price_history
            WHERE time >= date_bin(level.width, lo, origin) AND time < date_bin(level.width, hi, origin) + level.width;
        CALL price_merge(level.name, level.width);
    END LOOP;
    DROP TABLE pg_temp.fresh;
END $$;
