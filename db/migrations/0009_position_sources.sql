-- Which source a position was valued at: a change of it is a flow and earns nothing.
-- depends: 0006_watchlist

ALTER TABLE portfolio_positions ADD COLUMN source text;  -- null: no price, or valued before this was kept

-- The source that spoke for an item at the last valuation of those portfolios that ask for it.
UPDATE portfolio_positions p SET source = i.reference_source
FROM portfolio_state s, items i
WHERE s.portfolio_id = p.portfolio_id AND s.price_source = 'reference' AND i.id = p.item_id AND p.priced;
UPDATE portfolio_positions p SET source = s.price_source
FROM portfolio_state s
WHERE s.portfolio_id = p.portfolio_id AND s.price_source NOT IN ('reference', 'best') AND p.priced;

-- Whether any of its prices was invented: such a valuation belongs to no history of real ones.
ALTER TABLE portfolio_snapshots ADD COLUMN simulated boolean NOT NULL DEFAULT false;
UPDATE portfolio_snapshots SET simulated = true
WHERE EXISTS (SELECT 1 FROM price_latest) AND NOT EXISTS (SELECT 1 FROM price_latest WHERE source <> 'demo');

-- The bank's full history: what is asked is a source's newest day.
CREATE INDEX currency_rates_source ON currency_rates (source, day);
