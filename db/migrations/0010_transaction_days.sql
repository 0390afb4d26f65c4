-- Whether a transaction's time of day is known; where it is not, `time` is the start of its day (UTC).
-- depends: 0006_watchlist

ALTER TABLE portfolio_transactions ADD COLUMN timed boolean NOT NULL DEFAULT true;
