"""Metrics of scores and their replicates for intervals."""
