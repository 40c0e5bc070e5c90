"""Makes vectors and scores from a node's latest events and a snapshot's vectors of the other side."""

from embedding_features.fresh.fold_in import FoldIn, FoldInModel

__all__ = ["FoldIn", "FoldInModel"]
