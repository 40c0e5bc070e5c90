"""Evaluation: held-out splits, retrieval metrics, and the choice of parameters by them."""
