"""From embeddings to features: clusters, tokens, neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pydantic import SerializeAsAny

from embedding_features.artifact import Embeddings, EmbeddingTable, Kind, Space
from embedding_features.config import Config
from embedding_features.derive.base import CodebookSpec, Derivation
from embedding_features.derive.clusters import Clusters
from embedding_features.derive.codebook import Codebook
from embedding_features.derive.neighbours import Neighbours
from embedding_features.derive.tokens import ProductTokens, QuantileBins, ResidualTokens, TokenSpec
from embedding_features.errors import CompatibilityError, ConfigError
from embedding_features.progress import SILENT, Progress


class DeriveSpec(Config):
    """The derivations of a job: each kind at most once, tokens by several codebooks; null leaves one out."""

    clusters: Clusters | None = Clusters()
    tokens: tuple[SerializeAsAny[TokenSpec], ...] = (ProductTokens(), ResidualTokens(), QuantileBins())
    neighbours: Neighbours | None = Neighbours()

    def derivations(self) -> list[Derivation]:
        """All of them, as :func:`derive` takes them."""
        return [d for d in (self.clusters, *self.tokens, self.neighbours) if d is not None]


@dataclass(frozen=True)
class Features:
    """Embeddings and what was derived from them.

    Attributes:
        embeddings: the vectors.
        space: where they live.
        tables: (node type, kind) → table with the id column first, rows as in the embeddings, no timestamps.
        codebooks: what the columns refer to.
        recipe: all that the tables depend on beside the vectors, JSON-ready.
    """

    embeddings: Embeddings
    space: Space
    tables: Mapping[tuple[str, Kind], pa.Table]
    codebooks: Sequence[Codebook]
    recipe: Mapping[str, Any]


def derive(
    embeddings: Embeddings,
    *derivations: Derivation,
    space: Space | None = None,
    codebooks: Sequence[Codebook] = (),
    seed: int = 0,
    progress: Progress = SILENT,
) -> Features:
    """Derive features for every node type::

        derive(embeddings, Clusters(k=256, top_k=4), ResidualTokens(levels=4, codes=256), Neighbours(k=20))

    Args:
        space: what the vectors live in; by default the method's first one.
        codebooks: those of an earlier snapshot. One of the same space is applied, not refitted; one of an
            earlier space is left behind and a new one learned.
        seed: of k-means.

    Raises:
        ConfigError: when two derivations make the same column, or neighbours name an unknown node type.
        CompatibilityError: when a codebook of the space was learned with other settings than asked for.
        DataError: when vectors are missing or not finite, or settings do not suit their dim.

    Example:
        >>> from datetime import UTC, datetime
        >>> import numpy as np
        >>> from embedding_features.graph import Graph
        >>> from embedding_features.methods import spectral
        >>> edges = {("user", "bought", "item"): (np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))}  # ids
        >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
        >>> embeddings = spectral(dim=2).fit(graph)
        >>> features = derive(embeddings, Clusters(k=2, top_k=1), Neighbours(k=2))
        >>> features.tables["item", "neighbours"].column_names
        ['item_id', 'neighbour_ids', 'neighbour_scores']
    """
    space = space or Space.of(embeddings)
    _check_distinct(derivations)
    made: list[Codebook] = []
    columns: dict[tuple[str, Kind], dict[str, pa.Array]] = {}
    with progress.task("derive", len(derivations) * len(embeddings.tables)) as advance:
        for node_type, table in embeddings.tables.items():
            for derivation in derivations:
                place = columns.setdefault((node_type, derivation.table), {table.key: table.ids})
                if isinstance(derivation, CodebookSpec):
                    codebook = _codebook(derivation, table, space, codebooks, seed)
                    made.append(codebook)
                    place.update(codebook.apply(table.vectors, space))
                elif isinstance(derivation, Neighbours):
                    target = _target(embeddings, derivation.target or node_type)
                    place.update(derivation.find(table, target, space.metric, progress))
                advance(1, f"{node_type} {derivation.kind}")
    tables = {key: pa.table(place) for key, place in columns.items()}
    return Features(
        embeddings, space, tables, made, derive_recipe(*derivations, codebooks=codebooks, seed=seed)
    )


def derive_recipe(
    *derivations: Derivation, codebooks: Sequence[Codebook] = (), seed: int = 0
) -> dict[str, Any]:
    """What :func:`derive` with these arguments writes as ``Features.recipe``, known before the work."""
    return {
        "derivations": [d.model_dump(mode="json") for d in derivations],
        "codebooks": sorted(codebook.id for codebook in codebooks),
        "seed": seed,
    }


def _check_distinct(derivations: Sequence[Derivation]) -> None:
    kinds = [d.kind for d in derivations]
    twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
    if twice:
        raise ConfigError(f"derived twice: {', '.join(twice)}", fix="ask for each once: they share a column")


def _target(embeddings: Embeddings, node_type: str) -> EmbeddingTable:
    if node_type not in embeddings.tables:
        raise ConfigError(f"neighbours of type {node_type!r}", fix=f"name one of {sorted(embeddings.tables)}")
    return embeddings.tables[node_type]


def _codebook(
    spec: CodebookSpec, table: EmbeddingTable, space: Space, given: Sequence[Codebook], seed: int
) -> Codebook:
    """The given codebook of this column and space, else a new one."""
    for codebook in given:
        if (codebook.node_type, codebook.spec.column, codebook.space) == (
            table.node_type,
            spec.column,
            space,
        ):
            if codebook.spec != spec:
                raise CompatibilityError(
                    f"{codebook.id} was learned with {codebook.spec!r}, asked for {spec!r}",
                    fix="keep the settings, or open a new version of the space",
                )
            return codebook
    return Codebook.fit(spec, table, space, seed)
