"""Metrics of scores, their replicates for intervals, and the calibration of scores."""
