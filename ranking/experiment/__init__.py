"""Experiments: a grid of rankers × variants × seeds is trained, and each finished cell is kept on disk."""
