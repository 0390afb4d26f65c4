-- The measures of DESIGN, per (item, source, window), as of one moment. Null where there were too few closes.
-- depends: 0002_prices

CREATE TABLE item_metrics (
    item_id                  integer NOT NULL REFERENCES items ON DELETE CASCADE,
    source                   text NOT NULL,
    "window"                 text NOT NULL,
    reference                boolean NOT NULL,  -- the source with the best coverage in this window
    last_price               bigint,
    volume                   bigint,  -- sales in the window, or the last rolling 24 h figure
    volume_rolling           boolean,
    rolling_stddev           double precision,
    coefficient_of_variation double precision,
    percent_change           double precision,
    bollinger_upper          double precision,
    bollinger_middle         double precision,
    bollinger_lower          double precision,
    percent_b                double precision,
    bandwidth                double precision,
    return_volatility        double precision,
    trend_slope              double precision,
    trend_r2                 double precision,
    trend_score              double precision,
    sharpe                   double precision,
    max_drawdown             double precision,
    ewma_volatility          double precision,
    parkinson                double precision,
    atr                      double precision,
    samples                  integer NOT NULL,
    coverage                 double precision NOT NULL,
    sparkline                real[],  -- 24 closes spread over the window, NaN where nothing was observed
    as_of                    timestamptz NOT NULL,
    computed_at              timestamptz NOT NULL,
    PRIMARY KEY (item_id, source, "window")
);
CREATE INDEX item_metrics_window ON item_metrics ("window", item_id) WHERE reference;
