-- Transactions that were deleted together, kept for a while, so that they can be put back as they were.
-- depends: 0031_sample_portfolios

CREATE TABLE portfolio_deletions (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    portfolio_id integer NOT NULL REFERENCES portfolios ON DELETE CASCADE,
    deleted_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX portfolio_deletions_portfolio ON portfolio_deletions (portfolio_id, deleted_at);

-- The columns of portfolio_transactions; an item that is removed meanwhile is forgotten here, too.
CREATE TABLE portfolio_deleted_transactions (
    deletion_id      bigint NOT NULL REFERENCES portfolio_deletions ON DELETE CASCADE,
    id               bigint NOT NULL,
    time             timestamptz NOT NULL,
    kind             text NOT NULL,
    market_hash_name text,
    item_id          integer REFERENCES items ON DELETE SET NULL,
    quantity         bigint NOT NULL,
    price            bigint NOT NULL,
    fee              bigint NOT NULL,
    currency         text NOT NULL,
    note             text NOT NULL,
    external_id      text,
    timed            boolean NOT NULL,
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (deletion_id, id)
);
CREATE INDEX portfolio_deleted_transactions_item ON portfolio_deleted_transactions (item_id) WHERE item_id IS NOT NULL;
