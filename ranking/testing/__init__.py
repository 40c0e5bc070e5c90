"""Conformance tests that authors of rankers run on their own classes, with pytest."""
