"""Measures vectors of nodes that were not trained on, made of their edges or features."""
