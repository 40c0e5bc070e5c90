"""Exact search: every score, in blocks that fit the caches."""
