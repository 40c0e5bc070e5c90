"""Ways to serve what was pretrained beside the feature mode: recall, and the encoder as a sub-model."""
