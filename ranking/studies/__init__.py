"""Experiments beside the grid: what late events cost, and what fresh vectors bring a new surface."""
