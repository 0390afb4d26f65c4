"""Exports: histories, bars and measures of many items as files, for the command and for tasks."""
