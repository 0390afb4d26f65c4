"""Item: parts of the page of one item."""
