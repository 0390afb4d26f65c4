"""Steam inventories: who somebody is, what they own, and how it gets into their portfolio."""
