"""Conformance tests that authors of plug-ins run on their own classes, with pytest."""
