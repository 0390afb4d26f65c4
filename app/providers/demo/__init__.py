"""Demo provider: the simulated market."""
