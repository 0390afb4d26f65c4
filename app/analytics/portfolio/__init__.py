"""What a portfolio is worth, what it earned and how risky it is. Money is integers in minor units; no I/O, no clock."""
