"""Telemetry: how long requests and jobs take, and the access log; no value that a client sent."""
