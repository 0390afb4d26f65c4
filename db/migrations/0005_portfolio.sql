-- What people own: their Steam inventory, what they entered themselves, and what it was worth.
-- depends: 0004_accounts

CREATE TABLE user_portfolio_holdings (
    user_id          integer NOT NULL REFERENCES users ON DELETE CASCADE,
    steam_asset_id   text NOT NULL,
    item_id          integer REFERENCES items ON DELETE SET NULL,  -- null: no source has quoted this name yet
    market_hash_name text NOT NULL,
    quantity         bigint NOT NULL CHECK (quantity > 0),
    marketable       boolean NOT NULL DEFAULT true,  -- false: counted, never priced
    tradable         boolean NOT NULL DEFAULT true,
    tradable_after   timestamptz,  -- end of a trade hold, where the reply tells it
    float_value      double precision,
    paint_seed       integer,
    paint_index      integer,
    phase            text,
    name_tag         text,
    icon             text,  -- differs between the phases of a finish even where nothing else tells them apart
    imported_at      timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (user_id, steam_asset_id)
);
CREATE INDEX user_portfolio_holdings_unknown ON user_portfolio_holdings (market_hash_name) WHERE item_id IS NULL AND marketable;

CREATE TABLE user_portfolio_imports (
    user_id          integer PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    last_imported_at timestamptz NOT NULL,
    imported_assets  integer NOT NULL,
    added            integer NOT NULL,
    removed          integer NOT NULL,
    unpriced         integer NOT NULL,
    hidden           integer NOT NULL,
    steam_id         text NOT NULL,
    updated_at       timestamptz NOT NULL
);

CREATE TABLE portfolios (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id        integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    currency       text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    price_source   text NOT NULL DEFAULT 'reference',  -- reference, best, or a source's name
    cost_method    text NOT NULL DEFAULT 'fifo' CHECK (cost_method IN ('fifo', 'lifo', 'hifo', 'average')),
    includes_steam boolean NOT NULL DEFAULT false,  -- the imported inventory counts in this one
    created_at     timestamptz NOT NULL DEFAULT now(),
    changed_at     timestamptz NOT NULL DEFAULT now(),  -- what is held changed; the next valuation looks again
    UNIQUE (user_id, name)
);
CREATE UNIQUE INDEX portfolios_steam ON portfolios (user_id) WHERE includes_steam;

CREATE TABLE portfolio_transactions (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    portfolio_id     integer NOT NULL REFERENCES portfolios ON DELETE CASCADE,
    time             timestamptz NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('buy', 'sell', 'drop', 'trade', 'fee')),
    market_hash_name text,  -- null: a fee that belongs to no item
    item_id          integer REFERENCES items ON DELETE SET NULL,
    quantity         bigint NOT NULL,
    price            bigint NOT NULL CHECK (price >= 0),  -- a unit's, minor units of the currency; a fee's whole amount
    fee              bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    note             text NOT NULL DEFAULT '',
    external_id      text,  -- of the record it was imported from, so that a second import finds it there
    created_at       timestamptz NOT NULL DEFAULT now(),
    CHECK (CASE kind WHEN 'fee' THEN quantity = 0 WHEN 'trade' THEN quantity <> 0 ELSE quantity > 0 END),
    CHECK (kind = 'fee' OR market_hash_name IS NOT NULL),
    CHECK (kind <> 'drop' OR price = 0)
);
CREATE INDEX portfolio_transactions_time ON portfolio_transactions (portfolio_id, time, id);
CREATE UNIQUE INDEX portfolio_transactions_external ON portfolio_transactions (portfolio_id, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX portfolio_transactions_unknown ON portfolio_transactions (market_hash_name)
    WHERE item_id IS NULL AND market_hash_name IS NOT NULL;

-- What each portfolio held at its last valuation, and whether it had a price then.
CREATE TABLE portfolio_positions (
    portfolio_id integer NOT NULL REFERENCES portfolios ON DELETE CASCADE,
    item_id      integer NOT NULL,
    quantity     bigint NOT NULL,
    priced       boolean NOT NULL,
    PRIMARY KEY (portfolio_id, item_id)
);

-- Its last valuation; the next one goes on from here.
CREATE TABLE portfolio_state (
    portfolio_id integer PRIMARY KEY REFERENCES portfolios ON DELETE CASCADE,
    time         timestamptz NOT NULL,
    currency     text NOT NULL,
    price_source text NOT NULL,
    value        bigint NOT NULL,
    growth       double precision NOT NULL,
    deposits     bigint NOT NULL,
    withdrawals  bigint NOT NULL,
    volatility   double precision
) WITH (fillfactor = 70);
CREATE INDEX portfolio_state_volatility ON portfolio_state (volatility);

-- Deposits and withdrawals are sums since the first valuation, and growth is chained: any row may be left out later
-- without a change to what lies between the others.
CREATE TABLE portfolio_snapshots (
    portfolio_id integer NOT NULL REFERENCES portfolios ON DELETE CASCADE,
    time         timestamptz NOT NULL,
    currency     text NOT NULL,
    value        bigint NOT NULL,
    growth       double precision NOT NULL,
    deposits     bigint NOT NULL,
    withdrawals  bigint NOT NULL,
    priced       integer NOT NULL,
    unpriced     integer NOT NULL,
    PRIMARY KEY (portfolio_id, time)
);

CREATE TABLE portfolio_shares (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    portfolio_id    integer NOT NULL REFERENCES portfolios ON DELETE CASCADE,
    token_hash      bytea NOT NULL UNIQUE,  -- SHA-256; the token itself is shown once and kept nowhere
    hide_quantities boolean NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    revoked_at      timestamptz
);
CREATE INDEX portfolio_shares_portfolio ON portfolio_shares (portfolio_id);

CREATE TABLE currency_rates (
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    day        date NOT NULL,
    millionths bigint NOT NULL CHECK (millionths > 0),  -- of a unit of the currency, for one US dollar
    source     text NOT NULL,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (currency, day)
);
