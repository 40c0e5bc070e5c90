"""The factors of an ablation, one a file."""
