"""What running it needs: jobs, leadership, status, backup, integrity."""
