"""Conformance tests that the author of a ranker runs on it, with pytest."""
