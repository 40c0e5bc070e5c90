"""Solvers compute the vectors of closed-form methods."""
