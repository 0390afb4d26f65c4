-- A row or more in every table that an instance had before its tasks: with migrations up to 0016_packed_months. It never changes.
INSERT INTO items (id, market, market_hash_name, match_key, slug, weapon_type, weapon, skin_name, wear, rarity, reference_source)
VALUES (1, 'steam:730', 'AK-47 | Redline (Field-Tested)', 'ak-47 | redline (field-tested)', 'ak-47-redline-field-tested', 'Rifle',
        'AK-47', 'Redline', 'Field-Tested', 'Classified', 'steam'),
       (2, 'steam:730', 'Clutch Case', 'clutch case', 'clutch-case', 'Case', NULL, NULL, NULL, 'Base Grade', NULL);
INSERT INTO items (id, market, market_hash_name, match_key, slug, currency, price_scale, reference_source)
VALUES (3, 'binance:spot', 'BTCUSDT', 'btcusdt', 'btcusdt', 'USDT', 100000000, 'binance');
SELECT setval(pg_get_serial_sequence('items', 'id'), 3);

CALL price_partitions('2026-02-03 00:00+00', '2026-02-10 00:00+00');
INSERT INTO price_quotes (item_id, source, time, price, volume, volume_rolling, listings, bid, ask)
VALUES (1, 'steam', '2026-02-03 10:00+00', 1500, 210, true, 900, 1480, 1500), (1, 'steam', '2026-02-03 10:20+00', 1510, 211, true, 890, NULL, NULL),
       (1, 'steam', '2026-02-03 11:05+00', 1490, 200, true, 880, NULL, NULL), (1, 'steam', '2026-02-10 00:00+00', 1600, 190, true, 870, NULL, NULL),
       (1, 'skinport', '2026-02-03 10:01+00', 1400, NULL, NULL, 50, NULL, NULL), (2, 'steam', '2026-02-04 00:00+00', 90, 12000, false, NULL, NULL, NULL);
INSERT INTO price_months (item_id, source, month, first_time, last_time, samples, lone_hours, lone_days, volume_rolling, times, prices, volumes)
VALUES (2, 'steam', '2025-11-01 00:00+00', '2025-11-02 00:00+00', '2025-11-04 00:00+00', 3, true, true, false,
        '{2025-11-02 00:00+00,2025-11-03 00:00+00,2025-11-04 00:00+00}', '{80,82,81}', '{9000,9100,9200}');
CALL price_refresh('2026-02-03 00:00+00', '2026-02-10 00:00+00');
INSERT INTO price_latest (item_id, source, time, stored_time, price, volume, volume_rolling, listings)
VALUES (1, 'steam', '2026-02-10 00:00+00', '2026-02-10 00:00+00', 1600, 190, true, 870),
       (1, 'skinport', '2026-02-03 10:01+00', '2026-02-03 10:01+00', 1400, NULL, NULL, 50),
       (2, 'steam', '2026-02-04 00:00+00', '2026-02-04 00:00+00', 90, 12000, false, NULL);
INSERT INTO item_metrics (item_id, source, "window", reference, last_price, volume, rolling_stddev, percent_change, samples, coverage,
                          sparkline, as_of, computed_at)
VALUES (1, 'steam', '7d', true, 1600, 190, 12.5, 6.7, 3, 0.5, '{1500,1600}', '2026-02-10 00:00+00', '2026-02-10 00:01+00');

INSERT INTO symbols (item_id, base_currency, quote_currency, volume_scale, min_notional, status) VALUES (3, 'BTC', 'USDT', 100000000, 500000000, 'trading');
INSERT INTO listed_symbols VALUES ('binance:spot', 'ETHUSDT', 'binance', 'ETH', 'USDT', 100000000, 100000000, NULL, 'halted');
INSERT INTO tickers VALUES (3, 'binance', '2026-02-10 00:00+00', 9500000000000, 9499000000000, 9501000000000, 9400000000000, 9600000000000, 9300000000000, 1200);
CALL candle_partitions('2026-02-09 00:00+00', '2026-02-09 00:00+00');
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{candles_1m,candles_5m,candles_15m,candles_1h,candles_4h,candles_1d,candles_1w}'::text[] LOOP
        EXECUTE format('INSERT INTO %I VALUES (3, ''binance'', ''2026-02-09 00:00+00'', 100, 120, 90, 110, 5000, 40)', name);
    END LOOP;
END $$;
INSERT INTO candle_repairs (item_id, source, since, until, cause, candles) VALUES (3, 'binance', '2026-02-09 00:00+00', '2026-02-09 00:05+00', 'late', 5);

INSERT INTO provider_state (name, interval_s, cursor, last_started, last_success, last_stored) VALUES
    ('steam', 60, '{"start": 40}', '2026-02-10 00:00+00', '2026-02-10 00:00+00', 3);
INSERT INTO ingest_cycles (provider, started_at, finished_at, fetched, stored, unchanged, rejected, new_items)
VALUES ('steam', '2026-02-10 00:00+00', '2026-02-10 00:00:02+00', 10, 3, 7, 0, 0);
INSERT INTO job_state (name, last_started, last_finished, last_seconds) VALUES ('volatility', '2026-02-10 00:01+00', '2026-02-10 00:01+00', 0.4);
INSERT INTO currency_rates (currency, day, millionths, source) VALUES ('EUR', '2026-02-10', 920000, 'ecb');

INSERT INTO users (name, email, email_verified, session_key) VALUES ('Ada', 'ada@example.org', true, 'key of her sessions'), ('Ben', NULL, false, 'his');
INSERT INTO user_identities (provider, subject, user_id, name) VALUES ('local', 'owner', 1, 'Ada'), ('steam', '76561198000000001', 2, 'Ben');
INSERT INTO api_keys (user_id, name, scope, prefix, hash) VALUES (1, 'script', 'full', 'trc_KeptSi', sha256('trc_KeptSinceThenKeptSinceThenKeptSinceThenKept'));
INSERT INTO audit_log (user_id, event, detail, address) VALUES (1, 'sign_in', '{"provider": "local"}', '127.0.0.1');
INSERT INTO user_watchlist (user_id, item_id) VALUES (1, 1), (1, 3), (2, 2);
INSERT INTO user_portfolio_imports VALUES (2, '2026-02-01 00:00+00', 1, 1, 0, 0, 0, '76561198000000001', '2026-02-01 00:00+00');
INSERT INTO user_portfolio_holdings (user_id, steam_asset_id, item_id, market_hash_name, quantity, imported_at, created_at, updated_at)
VALUES (2, '1001', 2, 'Clutch Case', 1, '2026-02-01 00:00+00', '2026-02-01 00:00+00', '2026-02-01 00:00+00');
INSERT INTO portfolios (user_id, name, includes_steam) VALUES (1, 'Main', true), (1, 'Second', false);
INSERT INTO portfolio_transactions (portfolio_id, time, kind, market_hash_name, item_id, quantity, price, fee, currency, note, external_id)
VALUES (1, '2026-02-03 10:30+00', 'buy', 'AK-47 | Redline (Field-Tested)', 1, 3, 1500, 10, 'USD', 'first', 'a-1'),
       (1, '2026-02-05 10:30+00', 'sell', 'AK-47 | Redline (Field-Tested)', 1, 1, 1550, 0, 'USD', '', NULL),
       (1, '2026-02-06 10:30+00', 'drop', 'Clutch Case', 2, 2, 0, 0, 'EUR', '', NULL),
       (2, '2026-02-07 10:30+00', 'trade', 'Nobody Knows It', NULL, 4, 100, 0, 'USD', '', NULL),
       (1, '2026-02-08 00:00+00', 'fee', NULL, NULL, 0, 25, 0, 'USD', '', NULL);
INSERT INTO portfolio_positions VALUES (1, 1, 2, true, 'steam'), (1, 2, 2, true, NULL);
INSERT INTO portfolio_state VALUES (1, '2026-02-10 00:00+00', 'USD', 'reference', 3380, 1.05, 4500, 1550, 0.2);
INSERT INTO portfolio_snapshots (portfolio_id, time, currency, value, growth, deposits, withdrawals, priced, unpriced)
VALUES (1, '2026-02-10 00:00+00', 'USD', 3380, 1.05, 4500, 1550, 2, 0);
INSERT INTO portfolio_shares (portfolio_id, token_hash, hide_quantities) VALUES (1, sha256('a-token-of-an-old-link'), true);
