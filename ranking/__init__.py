"""Rankers that use pretrained features, and ablations that say what each feature brought."""
