"""Features of nodes as the numbers that a network starts from, by rules that are kept with it."""

from embedding_features.encoders.features.encoding import FeatureEncoding
from embedding_features.encoders.features.inputs import NodeInputs
from embedding_features.encoders.features.settings import Features

__all__ = ["FeatureEncoding", "Features", "NodeInputs"]
