"""The factors of an ablation, one a file: what its variants differ in."""
