"""Exchange jobs: candles and tickers from an exchange's stream into PostgreSQL and Redis, and repairs of what is missing."""
