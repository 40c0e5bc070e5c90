"""Reads published features: point-in-time for training rows, online for requests."""
