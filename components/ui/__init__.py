"""UI: figures, icons, page parts and addresses that every subject uses."""
