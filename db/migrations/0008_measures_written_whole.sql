-- Every run writes every row, so that as_of and computed_at hold for each. Half of a page stays free: a row's new version
-- then fits beside the old one, and no index is touched.
-- Outliers that were left out, and the measures with them, are null in rows without any.
-- depends: 0006_watchlist

ALTER TABLE item_metrics SET (fillfactor = 45);
ALTER TABLE item_metrics ADD COLUMN outliers jsonb;    -- [{"time": …, "price": minor units}], the oldest first
ALTER TABLE item_metrics ADD COLUMN unscreened jsonb;  -- by the measure's name
