"""The Feast side, and the only folder that imports feast: publish, materialize, retrieve, verify.

A published snapshot lives in ``<repo>/data/snapshots/<space id>/<run_id>/``, a folder as in
docs/architecture.md whose manifest also says when it was published, and under which feature view version.
"""

import logging
import os
from typing import TYPE_CHECKING, Any

os.environ.setdefault("FEAST_USAGE", "False")
logging.getLogger("feast").setLevel(logging.ERROR)
#: which of its builds faiss found is told at INFO, the level that Feast's command line sets for everyone
logging.getLogger("faiss.loader").setLevel(logging.WARNING)

from embedding_features.store.materialize import Materialized, materialize  # noqa: E402
from embedding_features.store.new_repo import ensure_repo  # noqa: E402
from embedding_features.store.published import Published, list_published  # noqa: E402
from embedding_features.store.publishing.publish import publish, publish_series  # noqa: E402
from embedding_features.store.publishing.registry import apply  # noqa: E402
from embedding_features.store.publishing.verify import verify_repo  # noqa: E402
from embedding_features.store.retrieval.historical import historical  # noqa: E402
from embedding_features.store.retrieval.online import online  # noqa: E402

if TYPE_CHECKING:
    from embedding_features.store.client.client import EmbeddingFeatures

__all__ = [
    "EmbeddingFeatures",
    "Materialized",
    "Published",
    "apply",
    "ensure_repo",
    "historical",
    "list_published",
    "materialize",
    "online",
    "publish",
    "publish_series",
    "verify_repo",
]


def __getattr__(name: str) -> Any:
    """The client when it is first used: it brings recall's libraries, and ``feast apply`` needs none."""
    if name == "EmbeddingFeatures":
        from embedding_features.store.client.client import EmbeddingFeatures

        return EmbeddingFeatures
    raise AttributeError(f"module 'embedding_features.store' has no attribute {name!r}")
