"""Judges: what is measured of vectors, by name of the figure."""
