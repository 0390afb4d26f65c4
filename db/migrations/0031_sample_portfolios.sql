-- A portfolio to try the pages with: filled with invented trades, one a user at most, removed in one click.
-- depends: 0024_portfolio_past

ALTER TABLE portfolios ADD COLUMN sample boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX portfolios_sample ON portfolios (user_id) WHERE sample;
