"""Trains a grid of rankers, variants and seeds, and keeps each finished one."""
