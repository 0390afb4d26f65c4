-- price_refresh no longer erases what the quotes cannot tell any more.
-- depends: 0006_watchlist

-- Recomputes every bucket that [lo, hi] touches from the raw quotes, for all items. A bucket that counts more quotes than are left
-- stays as it is: retention deleted them, and the bucket is all that is known of them. (`tracera db verify --repair` also tells
-- such buckets from wrong ones.) db/quotes/buckets.py says the same in NumPy.
CREATE OR REPLACE PROCEDURE price_refresh(lo timestamptz, hi timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    level record;
    origin constant timestamptz := '2000-01-03 00:00:00+00';
BEGIN
    -- Writers wait: what they know of the buckets must not change under them.
    LOCK TABLE price_history IN SHARE ROW EXCLUSIVE MODE;
    FOR level IN SELECT * FROM (VALUES ('price_1h', interval '1 hour'), ('price_24h', '1 day'), ('price_7d', '7 days')) l (name, width)
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
                       count(*) AS samples, min(time) AS open_time, max(time) AS close_time
                FROM (SELECT *, (extract(epoch FROM time) * 1000000)::bigint AS us FROM price_history
                      WHERE time >= $2 AND time < $3) h
                GROUP BY 1, 2, 3
            ) b ORDER BY 1, 2, 3
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
