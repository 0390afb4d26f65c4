-- What an exchange was asked for and did not have, of longer candles too: days of a pair's whole past.
-- depends: 0012_candles

ALTER TABLE candle_repairs ADD COLUMN "interval" text NOT NULL DEFAULT '1m';
