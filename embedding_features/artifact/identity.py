"""What makes two snapshots the same: the id of a run, and the content that two writings of it share."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from embedding_features.artifact.manifest import Manifest
from embedding_features.config import config_hash
from embedding_features.files import safe_name


def run_id(
    method: str,
    as_of: datetime,
    *,
    config: Mapping[str, Any],
    seed: int,
    graph_fingerprint: str,
    parent: str | None = None,
    derived: Mapping[str, Any] | None = None,
) -> str:
    """Return ``<method>-<as_of>-<10 hex digits of everything the result depends on>``.

    It is known before the work is done, so that a rerun finds its own result.

    Args:
        method: registered name of the method.
        as_of: the graph's moment.
        config: the method's resolved composition.
        seed: of every random choice.
        graph_fingerprint: of the graph it is fitted on.
        parent: run id of the snapshot it continues.
        derived: the recipe of the derived tables (``Features.recipe``); empty for vectors alone.
    """
    moment = as_of.astimezone(UTC)
    inputs = [
        moment.isoformat(),
        config_hash(dict(config)),
        seed,
        graph_fingerprint,
        parent,
        dict(derived or {}),
    ]
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    return f"{safe_name(method, 'method')}-{moment:%Y%m%dT%H%M%SZ}-{digest[:10]}"


def same_run(one: Manifest, other: Manifest) -> bool:
    """Return whether two manifests are of one run: alike in all but publishing and what training measured."""
    varying = {"published", "feature_view_version", "files", "figures", "fresh", "health", "library_version"}
    return one.model_dump(mode="json", exclude=varying) == other.model_dump(mode="json", exclude=varying)
