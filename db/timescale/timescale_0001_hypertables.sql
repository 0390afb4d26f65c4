-- Hypertables beside the plain tables, still empty: `tracera db move` fills them, and the next migration puts them in their place.

CREATE EXTENSION IF NOT EXISTS timescaledb;

-- What is kept in columns. Chunks of `chunk` are compressed once they are over for `after`; null: at once, for nothing is written there
-- but whole months.
CREATE TABLE history_columnstore (
    relation    text PRIMARY KEY,
    time_column text NOT NULL,
    chunk       interval NOT NULL,
    after       interval
);
INSERT INTO history_columnstore VALUES
    ('price_quotes', 'time', '7 days', '7 days'),
    ('price_archive', 'time', '365 days', NULL),
    ('price_hours', 'bucket', '90 days', '14 days'),
    ('price_days', 'bucket', '90 days', '14 days'),
    ('candles_1m', 'open_time', '7 days', '7 days'),
    ('candles_5m', 'open_time', '30 days', '7 days'),
    ('candles_15m', 'open_time', '90 days', '7 days'),
    ('candles_1h', 'open_time', '90 days', '7 days');

-- Packed months are rows of price_archive, whoever writes them: in the view that price_months becomes, and in the table that it was.
-- Values stand in the statement: a condition on what only the execution knows would decompress everything.
CREATE FUNCTION price_archive_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('DELETE FROM price_archive WHERE item_id = %L AND source = %L AND time >= %L AND time < %L',
            OLD.item_id, OLD.source, OLD.month, (OLD.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO price_archive (item_id, source, time, price, volume, volume_rolling, listings, bid, ask)
        SELECT NEW.item_id, NEW.source, q.time, q.price, q.volume,
               CASE WHEN NEW.rollings IS NULL THEN NEW.volume_rolling ELSE q.rolling END, q.listings, q.bid, q.ask
        FROM unnest(NEW.times, NEW.prices, NEW.volumes, NEW.rollings, NEW.listings, NEW.bids, NEW.asks)
            q (time, price, volume, rolling, listings, bid, ask);
        RETURN NEW;
    END IF;
    RETURN OLD;
END $$;

-- Rows written to a plain table meanwhile are written to its hypertable, too.
CREATE FUNCTION history_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('DELETE FROM %I WHERE item_id = %L AND source = %L AND %I = %L', TG_ARGV[0], OLD.item_id, OLD.source,
            TG_ARGV[1], to_jsonb(OLD) ->> TG_ARGV[1]);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format('INSERT INTO %I SELECT ($1).*', TG_ARGV[0]) USING NEW;
    END IF;
    RETURN NULL;
END $$;

-- How far the move is: of a year's rows of a table, the last item that is moved.
CREATE TABLE history_moved (
    relation text NOT NULL,
    year     timestamptz NOT NULL,
    item_id  integer NOT NULL,
    PRIMARY KEY (relation, year)
);

DO $$
DECLARE
    kept record;
    name text;
BEGIN
    FOR kept IN SELECT * FROM history_columnstore LOOP
        name := CASE kept.relation WHEN 'price_archive' THEN kept.relation ELSE kept.relation || '_next' END;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name,
            CASE kept.relation WHEN 'price_archive' THEN 'price_quotes' ELSE kept.relation END);
        PERFORM create_hypertable(name::regclass, by_range(kept.time_column, kept.chunk), create_default_indexes => false);
        EXECUTE format('ALTER TABLE %I SET (timescaledb.enable_columnstore, timescaledb.segmentby = %L, timescaledb.orderby = %L)',
            name, 'item_id, source', kept.time_column);
        IF name <> kept.relation THEN
            EXECUTE format('CREATE TRIGGER follow AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION history_follow(%L, %L)',
                kept.relation, name, kept.time_column);
        END IF;
    END LOOP;
END $$;
CREATE TRIGGER follow AFTER INSERT OR UPDATE OR DELETE ON price_months FOR EACH ROW EXECUTE FUNCTION price_archive_write();
