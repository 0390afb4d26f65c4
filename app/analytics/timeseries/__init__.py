"""Time series: what one long series of closes shows of its returns. Gaps are NaN and are never filled."""
