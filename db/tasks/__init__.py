"""Durable tasks: what is kept of them, in the schema `tasks` (procrastinate's tables and `details`)."""
