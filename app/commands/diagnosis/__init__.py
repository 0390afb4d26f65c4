"""Diagnosis: the checks of `tracera doctor`."""
