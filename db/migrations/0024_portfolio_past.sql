-- A portfolio's past, replayed from its transactions over kept closes: a row a day, computed anew from the day that changed.
-- depends: 0017_tasks

CREATE TABLE portfolio_past (
    portfolio_id integer NOT NULL REFERENCES portfolios ON DELETE CASCADE,
    day          date NOT NULL,              -- UTC; the row is of its end
    value        bigint NOT NULL,            -- of what has a price, and what the rest cost
    at_cost      bigint NOT NULL,            -- the part of it that is what units without a price cost
    growth       double precision NOT NULL,  -- time-weighted, chained since the first transaction
    deposits     bigint NOT NULL,            -- these two: sums since the first transaction
    withdrawals  bigint NOT NULL,
    priced       integer NOT NULL,           -- items
    unpriced     integer NOT NULL,
    unknown      integer NOT NULL,           -- those of `unpriced` whose cost is unknown too: no part of the value
    stale        integer NOT NULL,           -- those of `priced` whose price is older than two weeks
    PRIMARY KEY (portfolio_id, day)
);

-- How far the past of a portfolio is right. A change moves `stale_from` back and counts in `marks`, so that a replay that runs
-- meanwhile does not call itself complete.
CREATE TABLE portfolio_past_state (
    portfolio_id integer PRIMARY KEY REFERENCES portfolios ON DELETE CASCADE,
    terms        text NOT NULL DEFAULT '',  -- what it was counted by: currency, price source, cost method, fees
    through      date NOT NULL DEFAULT '0001-01-01',  -- its last whole day
    stale_from   date,           -- the first day that is wrong, null while none is
    marks        bigint NOT NULL DEFAULT 0
);
CREATE INDEX portfolio_transactions_item ON portfolio_transactions (item_id) WHERE item_id IS NOT NULL;

-- Portfolios are wrong from these days on. Locked in one order, so that two changes that mark many do not wait for each other.
CREATE FUNCTION portfolio_past_mark(ids integer[], days date[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM portfolio_past_state WHERE portfolio_id = ANY(ids) ORDER BY portfolio_id FOR NO KEY UPDATE;
    UPDATE portfolio_past_state s SET stale_from = least(s.stale_from, u.day), marks = s.marks + 1
    FROM unnest(ids, days) u (id, day) WHERE s.portfolio_id = u.id;
END $$;

CREATE FUNCTION portfolio_past_by_transactions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM portfolio_past_mark(array_agg(c.portfolio_id), array_agg(c.day))
    FROM (SELECT portfolio_id, min((time AT TIME ZONE 'UTC')::date) AS day FROM changed GROUP BY 1) c;
    RETURN NULL;
END $$;
CREATE TRIGGER past_added AFTER INSERT ON portfolio_transactions REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio_past_by_transactions();
CREATE TRIGGER past_removed AFTER DELETE ON portfolio_transactions REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio_past_by_transactions();
CREATE TRIGGER past_changed_from AFTER UPDATE ON portfolio_transactions REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio_past_by_transactions();
CREATE TRIGGER past_changed_to AFTER UPDATE ON portfolio_transactions REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio_past_by_transactions();

-- Closes of items changed from some days on: who has ever held one is wrong from there. Days that are not replayed yet count too:
-- a replay may just be reading them.
CREATE FUNCTION portfolio_past_by_prices(changed integer[], days date[]) RETURNS void LANGUAGE sql AS $$
    SELECT portfolio_past_mark(array_agg(c.portfolio_id), array_agg(c.day))
    FROM (SELECT t.portfolio_id, min(greatest(u.day, (t.first AT TIME ZONE 'UTC')::date)) AS day
          FROM unnest(changed, days) u (item_id, day)
          JOIN (SELECT portfolio_id, item_id, min(time) AS first FROM portfolio_transactions WHERE item_id = ANY(changed) GROUP BY 1, 2) t
              USING (item_id)
          GROUP BY 1) c
$$;

-- Another source speaks for an item: all of its closes are others.
CREATE FUNCTION portfolio_past_by_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM portfolio_past_by_prices(ARRAY[NEW.id], ARRAY['-infinity'::date]);
    RETURN NULL;
END $$;
CREATE TRIGGER past_of_source AFTER UPDATE OF reference_source ON items FOR EACH ROW
    WHEN (OLD.reference_source IS DISTINCT FROM NEW.reference_source) EXECUTE FUNCTION portfolio_past_by_source();

-- Another rate holds from a day on: who counts in its currency, paid in it, or holds what is quoted in it is wrong from there.
CREATE FUNCTION portfolio_past_by_rates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM portfolio_past_mark(array_agg(c.portfolio_id), array_agg(c.day))
    FROM (SELECT p.id AS portfolio_id, min(n.day) AS day
          FROM (SELECT currency, min(day) AS day FROM changed GROUP BY 1) n
          JOIN portfolios p ON p.currency = n.currency OR EXISTS (
              SELECT FROM portfolio_transactions t LEFT JOIN items i ON i.id = t.item_id
              WHERE t.portfolio_id = p.id AND n.currency IN (t.currency, i.currency))
          GROUP BY 1) c;
    RETURN NULL;
END $$;
CREATE TRIGGER past_rates_added AFTER INSERT ON currency_rates REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio_past_by_rates();
CREATE TRIGGER past_rates_removed AFTER DELETE ON currency_rates REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio_past_by_rates();
-- The bank's last days are stored again and again: a rate that is the same changes nothing.
CREATE FUNCTION portfolio_past_by_rate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM portfolio_past_mark(array_agg(p.id), array_agg(NEW.day)) FROM portfolios p
    WHERE p.currency = NEW.currency OR EXISTS (
        SELECT FROM portfolio_transactions t LEFT JOIN items i ON i.id = t.item_id
        WHERE t.portfolio_id = p.id AND NEW.currency IN (t.currency, i.currency));
    RETURN NULL;
END $$;
CREATE TRIGGER past_rate_changed AFTER UPDATE ON currency_rates FOR EACH ROW
    WHEN (OLD.millionths <> NEW.millionths OR OLD.source <> NEW.source) EXECUTE FUNCTION portfolio_past_by_rate();
