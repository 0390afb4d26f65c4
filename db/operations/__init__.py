"""Operations: jobs, leadership, status, backup, integrity."""
