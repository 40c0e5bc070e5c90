"""The Feast side, and the only folder that imports feast: publish, materialize, retrieve, verify.

A published snapshot lives in ``<repo>/data/snapshots/<space id>/<run_id>/``, a folder as in
docs/architecture.md whose manifest also says when it was published, and under which feature view version.
"""

import atexit
import gc
import logging
import os
import sys
from typing import TYPE_CHECKING

os.environ.setdefault("FEAST_USAGE", "False")
logging.getLogger("feast").setLevel(logging.ERROR)
#: which of its builds faiss found is told at INFO, the level that Feast's command line sets for everyone
logging.getLogger("faiss.loader").setLevel(logging.WARNING)

from embedding_features.lazy import on_first_use  # noqa: E402

if TYPE_CHECKING:
    from embedding_features.store.client.client import EmbeddingFeatures as EmbeddingFeatures
    from embedding_features.store.materialization import Materialized as Materialized
    from embedding_features.store.materialization import materialize as materialize
    from embedding_features.store.new_repo import ensure_repo as ensure_repo
    from embedding_features.store.published import Published as Published
    from embedding_features.store.published import list_published as list_published
    from embedding_features.store.publishing.publish import publish as publish
    from embedding_features.store.publishing.publish import publish_series as publish_series
    from embedding_features.store.publishing.registry import apply as apply
    from embedding_features.store.publishing.verify import verify_repo as verify_repo
    from embedding_features.store.retrieval.historical import historical as historical
    from embedding_features.store.retrieval.online import online as online

__getattr__, __all__ = on_first_use(
    __name__,
    {
        "EmbeddingFeatures": "client.client:EmbeddingFeatures",
        "Materialized": "materialization:Materialized",
        "Published": "published:Published",
        "apply": "publishing.registry:apply",
        "ensure_repo": "new_repo:ensure_repo",
        "historical": "retrieval.historical:historical",
        "list_published": "published:list_published",
        "materialize": "materialization:materialize",
        "online": "retrieval.online:online",
        "publish": "publishing.publish:publish",
        "publish_series": "publishing.publish:publish_series",
        "verify_repo": "publishing.verify:verify_repo",
    },
)


@atexit.register
def _disconnect() -> None:
    """Close ibis' DuckDB, which Feast's offline store leaves open, or the exit prints pages of leaks."""
    ibis = sys.modules.get("ibis")
    if ibis is not None and ibis.options.default_backend is not None:
        ibis.options.default_backend.disconnect()
        ibis.options.default_backend = None
        gc.collect()
