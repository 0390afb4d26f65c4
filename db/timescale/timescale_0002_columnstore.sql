-- The hypertables take the places and names of the plain tables, once they hold as many rows: `db/timescale/overlay.py` applies
-- this to an empty history, `db/timescale/move.py` to one that was moved.
-- depends: timescale_0001_hypertables

DO $$
DECLARE
    kept record;
    definitions text[];
    definition text;
    missing bigint;
BEGIN
    SET LOCAL check_function_bodies = off;
    LOCK TABLE price_quotes, price_months, price_hours, price_days, price_weeks IN ACCESS EXCLUSIVE MODE;
    SELECT coalesce(sum(samples), 0) - (SELECT count(*) FROM price_archive) INTO missing FROM price_months;
    IF missing <> 0 THEN
        RAISE EXCEPTION '% packed quotes are not moved yet', missing;
    END IF;
    FOR kept IN SELECT * FROM history_columnstore WHERE relation <> 'price_archive' LOOP
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', kept.relation);
        EXECUTE format('SELECT (SELECT count(*) FROM %I) - (SELECT count(*) FROM %I)', kept.relation, kept.relation || '_next') INTO missing;
        IF missing <> 0 THEN
            RAISE EXCEPTION '% rows of % are not moved yet', missing, kept.relation;
        END IF;
    END LOOP;
    -- What is defined by the tables is made again, by its own words, when they have been replaced.
    SELECT array_agg(words ORDER BY step, name) INTO definitions FROM (
        SELECT 1 AS step, p.proname AS name, pg_get_functiondef(p.oid) AS words
        FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype WHERE t.typname IN ('price_hours', 'price_days', 'price_weeks')
        UNION ALL
        SELECT DISTINCT 2, v.relname, format('CREATE VIEW %I AS %s', v.relname, pg_get_viewdef(v.oid))
        FROM pg_class v WHERE v.relkind = 'v' AND v.relname IN ('price_history', 'price_1h', 'price_24h', 'price_7d')
        UNION ALL
        SELECT 3, v.relname, pg_get_triggerdef(g.oid)
        FROM pg_trigger g JOIN pg_class v ON v.oid = g.tgrelid AND v.relkind = 'v') d;
    DROP VIEW price_history, price_1h, price_24h, price_7d;
    FOR kept IN SELECT * FROM history_columnstore WHERE relation <> 'price_archive' LOOP
        EXECUTE format('DROP TABLE %I CASCADE', kept.relation);
        EXECUTE format('ALTER TABLE %I RENAME TO %I', kept.relation || '_next', kept.relation);
        EXECUTE format('ALTER INDEX %I RENAME TO %I', kept.relation || '_next_pkey', kept.relation || '_pkey');
    END LOOP;
    DROP TABLE price_months;
    DROP TABLE history_moved;
    DROP FUNCTION history_follow();
    FOREACH definition IN ARRAY definitions LOOP
        -- TimescaleDB cannot compare a time with infinity and some days; hours it can add.
        EXECUTE replace(definition, $w$hi + interval '7 days'$w$, $w$hi + interval '168 hours'$w$);
    END LOOP;
END $$;

-- Packed months as months.py writes and reads them. A condition on the month reads all of an item's: ranges of all items are asked
-- of the functions below. `lone_days` may be true of a month without such a day.
CREATE VIEW price_months AS
    SELECT item_id, source, date_trunc('month', time, 'UTC') AS month, min(time) AS first_time, max(time) AS last_time,
           count(*)::integer AS samples,
           count(DISTINCT date_bin('1 hour', time, '2000-01-03 00:00:00+00')) = count(*) AS lone_hours, true AS lone_days,
           CASE WHEN bool_and(volume_rolling) = bool_or(volume_rolling) AND count(volume_rolling) = count(*)
                THEN bool_and(volume_rolling) END AS volume_rolling,
           array_agg(time ORDER BY time) AS times, array_agg(price ORDER BY time) AS prices,
           CASE WHEN count(volume) > 0 THEN array_agg(volume ORDER BY time) END AS volumes,
           CASE WHEN bool_and(volume_rolling) <> bool_or(volume_rolling) OR count(volume_rolling) BETWEEN 1 AND count(*) - 1
                THEN array_agg(volume_rolling ORDER BY time) END AS rollings,
           CASE WHEN count(listings) > 0 THEN array_agg(listings ORDER BY time) END AS listings,
           CASE WHEN count(bid) > 0 THEN array_agg(bid ORDER BY time) END AS bids,
           CASE WHEN count(ask) > 0 THEN array_agg(ask ORDER BY time) END AS asks
    FROM price_archive GROUP BY item_id, source, date_trunc('month', time, 'UTC');
CREATE TRIGGER write_quotes INSTEAD OF INSERT OR UPDATE OR DELETE ON price_months
    FOR EACH ROW EXECUTE FUNCTION price_archive_write();

CREATE OR REPLACE FUNCTION price_packed(lo timestamptz, hi timestamptz) RETURNS TABLE (
    item_id integer, source text, "time" timestamptz, price bigint, volume bigint, volume_rolling boolean, listings integer,
    bid bigint, ask bigint
) LANGUAGE sql STABLE AS $$
    SELECT a.item_id, a.source, a.time, a.price, a.volume, a.volume_rolling, a.listings, a.bid, a.ask
    FROM price_archive a WHERE a.time >= lo AND a.time <= hi
$$;

CREATE OR REPLACE FUNCTION price_1h_packed(lo timestamptz, hi timestamptz) RETURNS SETOF price_hours LANGUAGE sql STABLE AS $$
    SELECT b.item_id, b.source, b.bucket, b.open, b.high, b.low, b.close, b.average, b.stddev, coalesce(b.summed, b.figure),
           CASE WHEN b.summed IS NOT NULL THEN false WHEN b.newest IS NOT NULL THEN true END,
           b.samples, b.open_time, b.close_time, CASE WHEN b.summed IS NULL THEN b.newest END
    FROM (
        SELECT q.item_id, q.source, q.bucket, first(q.price, q.time) AS open, max(q.price) AS high, min(q.price) AS low,
               last(q.price, q.time) AS close, avg(q.price::double precision) AS average,
               stddev_pop(q.price::double precision) AS stddev,
               (sum(q.volume) FILTER (WHERE NOT q.volume_rolling))::bigint AS summed,
               last(q.volume, q.time) FILTER (WHERE q.volume_rolling AND q.volume IS NOT NULL) AS figure,
               max(q.time) FILTER (WHERE q.volume_rolling AND q.volume IS NOT NULL) AS newest,
               count(*) AS samples, min(q.time) AS open_time, max(q.time) AS close_time
        FROM (SELECT a.*, date_bin('1 hour', a.time, '2000-01-03 00:00:00+00') AS bucket
              FROM price_archive a WHERE a.time >= lo AND a.time < hi + interval '1 hour') q
        WHERE q.bucket >= lo AND q.bucket <= hi AND NOT EXISTS (
            SELECT FROM price_hours k WHERE k.item_id = q.item_id AND k.source = q.source AND k.bucket = q.bucket)
        GROUP BY q.item_id, q.source, q.bucket) b
$$;
DROP FUNCTION price_1h_single(timestamptz, timestamptz);

-- A day without a row of its own has one quote.
CREATE OR REPLACE FUNCTION price_24h_packed(lo timestamptz, hi timestamptz) RETURNS SETOF price_days LANGUAGE sql STABLE AS $$
    SELECT q.item_id, q.source, q.bucket, q.price, q.price, q.price, q.price, q.price::double precision, 0::double precision,
           CASE WHEN q.volume_rolling IS NOT NULL THEN q.volume END, CASE WHEN q.volume IS NOT NULL THEN q.volume_rolling END,
           1::bigint, q.time, q.time, CASE WHEN q.volume IS NOT NULL AND q.volume_rolling THEN q.time END
    FROM (SELECT a.*, date_bin('1 day', a.time, '2000-01-03 00:00:00+00') AS bucket
          FROM price_archive a WHERE a.time >= lo AND a.time < hi + interval '24 hours') q
    WHERE q.bucket >= lo AND q.bucket <= hi AND NOT EXISTS (
        SELECT FROM price_days k WHERE k.item_id = q.item_id AND k.source = q.source AND k.bucket = q.bucket)
$$;

CREATE OR REPLACE FUNCTION price_packed_estimate() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT approximate_row_count('price_archive')
$$;
CREATE OR REPLACE FUNCTION price_rows_estimate() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT approximate_row_count('price_quotes')
$$;
CREATE OR REPLACE FUNCTION price_packed_since(of_source text DEFAULT NULL) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT min(time) FROM price_archive WHERE of_source IS NULL OR source = of_source
$$;
CREATE OR REPLACE FUNCTION price_packed_last(of_item integer, of_source text, before timestamptz)
RETURNS TABLE (price bigint, "time" timestamptz) LANGUAGE sql STABLE AS $$
    SELECT a.price, a.time FROM price_archive a
    WHERE a.item_id = of_item AND a.source = of_source
      AND a.time < date_bin('1 hour', before - interval '1 microsecond', '2000-01-03 00:00:00+00') + interval '1 hour'
    ORDER BY a.time DESC LIMIT 1
$$;
CREATE OR REPLACE PROCEDURE price_months_forget(of_source text, items integer[], months bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    gone record;
BEGIN
    FOR gone IN SELECT item_id, 'epoch'::timestamptz + month * interval '1 microsecond' AS month FROM unnest(items, months) g (item_id, month)
    LOOP
        EXECUTE format('DELETE FROM price_archive WHERE item_id = %L AND source = %L AND time >= %L AND time < %L',
            gone.item_id, of_source, gone.month, (gone.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
    END LOOP;
END $$;

-- Chunks come by themselves.
CREATE OR REPLACE PROCEDURE price_partitions(lo timestamptz, hi timestamptz) LANGUAGE sql AS '';
CREATE OR REPLACE PROCEDURE candle_partitions(lo timestamptz, hi timestamptz) LANGUAGE sql AS '';

-- Makes a chunk columns, what was added to its columns too; an empty one goes.
CREATE PROCEDURE history_compress(chunk regclass) LANGUAGE plpgsql AS $$
DECLARE
    filled boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', chunk) INTO filled;
    IF filled THEN
        PERFORM compress_chunk(chunk);
        RETURN;
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', chunk);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', chunk) INTO filled;
    IF NOT filled THEN
        EXECUTE format('DROP TABLE %s', chunk);
    END IF;
END $$;
