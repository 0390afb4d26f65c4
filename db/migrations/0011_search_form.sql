-- Names as people type them; see db/items/search_form.py, which makes the same form of what is searched for.
-- depends: 0006_watchlist

ALTER TABLE items ADD COLUMN search_form text NOT NULL GENERATED ALWAYS AS (
    regexp_replace(lower(normalize(replace(market_hash_name, '™', ''), NFKD)),
                   '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u0300-\u036f\u2000-\u2bff\u3000-\u303f]', '', 'g')
) STORED;
-- No query used it: LIKE ALL (…) reads the column whole, which takes milliseconds.
DROP INDEX items_name_trgm;
