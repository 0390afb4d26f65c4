-- What is asked of packed months as a whole, as functions: how they are stored may differ (db/timescale).
-- depends: 0017_tasks

-- About how many quotes are packed, counted in at most about a thousand of the table's pages.
CREATE FUNCTION price_packed_estimate() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(samples) * 100 / min(share), 0)::bigint FROM (
        SELECT m.samples, s.share
        FROM (SELECT least(100, 100 * 1000.0 / greatest(1, pg_relation_size('price_months') / 8192)) AS share) s
        CROSS JOIN LATERAL (SELECT samples FROM price_months TABLESAMPLE SYSTEM (s.share)) m) q
$$;

-- About how many quotes are rows: the last ANALYZE's figure or that of the statistics; null where neither says anything.
CREATE FUNCTION price_rows_estimate() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN bool_and(p.rows IS NOT NULL) THEN sum(p.rows)::bigint END FROM (
        SELECT CASE WHEN pg_relation_size(c.oid) = 0 THEN 0
                    WHEN greatest(c.reltuples, pg_stat_get_live_tuples(c.oid)) > 0
                    THEN greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))
                    WHEN c.reltuples = 0 THEN 0 END AS rows
        FROM pg_class c JOIN pg_inherits h ON h.inhrelid = c.oid WHERE h.inhparent = 'price_quotes'::regclass) p
$$;

-- When the oldest packed quote of a source, or of all, was quoted.
CREATE FUNCTION price_packed_since(of_source text DEFAULT NULL) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT min(first_time) FROM price_months WHERE of_source IS NULL OR source = of_source
$$;

-- Deletes the months of a source given as pairs of item and first moment (microseconds since 1970).
CREATE PROCEDURE price_months_forget(of_source text, items integer[], months bigint[]) LANGUAGE sql AS $$
    DELETE FROM price_months k USING unnest(items, months) g (item_id, month)
    WHERE k.item_id = g.item_id AND k.source = of_source AND k.month = 'epoch'::timestamptz + g.month * interval '1 microsecond'
$$;

-- The last packed quote of an item and source in an hour that begins before a moment.
CREATE FUNCTION price_packed_last(of_item integer, of_source text, before timestamptz) RETURNS TABLE (price bigint, "time" timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT q.price, q.time FROM (
        SELECT m.times, m.prices FROM price_months m
        WHERE m.item_id = of_item AND m.source = of_source AND m.month < before
          AND date_bin('1 hour', m.first_time, '2000-01-03 00:00:00+00') < before
        ORDER BY m.month DESC LIMIT 1) m CROSS JOIN LATERAL unnest(m.times, m.prices) q (time, price)
    WHERE date_bin('1 hour', q.time, '2000-01-03 00:00:00+00') < before ORDER BY q.time DESC LIMIT 1
$$;
