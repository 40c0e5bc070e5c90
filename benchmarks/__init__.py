"""Benchmarks, each of which prints one JSON object as its last line."""
