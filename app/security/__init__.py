"""The guard at every door: who may, how often, from where. Nothing is open that the table does not open."""
