"""The ablation: compares variants of rankers, and tells real differences from chance."""
