-- What was traded of a pair in a window.
-- depends: 0014_listed_symbols

ALTER TABLE item_metrics ADD COLUMN turnover double precision;  -- whole units of its market's currency; null: not known, or no pair
