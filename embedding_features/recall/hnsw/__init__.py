"""HNSW search over byte vectors, with filters inside the walk."""
