"""The fields of a ranker: their settings, and their values as arrays."""
