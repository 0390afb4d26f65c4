"""Items: their names, and how names of one item are matched."""
