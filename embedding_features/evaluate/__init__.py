"""Evaluation: held-out splits, and metrics of retrieval, link prediction and labels."""
