-- What exchanges list: a pair becomes an item when somebody opens or watches it. Scales as in items and symbols.
-- depends: 0013_repairs_of_every_interval

CREATE TABLE listed_symbols (
    market         text NOT NULL,
    symbol         text NOT NULL,
    source         text NOT NULL,
    base_currency  text NOT NULL,
    quote_currency text NOT NULL,
    price_scale    integer NOT NULL CHECK (price_scale > 0),
    volume_scale   integer NOT NULL CHECK (volume_scale > 0),
    min_notional   bigint,
    status         text NOT NULL CHECK (status IN ('trading', 'halted', 'delisted')),
    PRIMARY KEY (market, symbol)
);
