"""Sign-in methods, a file each."""
