"""Reports for people: an ablation, or a snapshot, as one HTML file."""
