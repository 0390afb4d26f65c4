"""What pages of every subject use: figures, icons, alerts, addresses."""
