"""Steam inventories: profiles, their inventories, and the import into a portfolio."""
