"""Histories of events: rows that pushes are merged into, event by event, instead of replacing them."""
