"""Compares variants of a ranker and says which differences are real."""
