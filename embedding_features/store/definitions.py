"""The Feast objects of a repository, at the name that the ``features.py`` of every repository imports."""

from embedding_features.store.publishing.definitions import Definitions, definitions

__all__ = ["Definitions", "definitions"]
