"""The fields of a ranker: how they are specified, and their values as arrays in memory and on disk."""
