"""What every method is: a frozen composition of typed parts that can be fitted on a graph."""

import time
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

import numpy as np
from pydantic import SerializeAsAny

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Provenance
from embedding_features.artifact.metric import Metric
from embedding_features.config import Part
from embedding_features.errors import ConfigError, GraphError, TrainingError
from embedding_features.graph.edge_summary import edge_summary
from embedding_features.graph.graph import Graph
from embedding_features.graph.views import Bipartite, BipartiteView
from embedding_features.graph.weights import WeightUse, check_weights
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solver
from embedding_features.sources.report import summed

if TYPE_CHECKING:
    from torch import nn


class Method(Part):
    """A composition; ``model_dump_json`` writes it resolved, ``Method.model_validate_json`` reads it back.

    A member declares its ``kind``, its parts, ``weight_uses`` and ``_fit``.

    Attributes:
        name: the registered name, set by :func:`.method`.
        metric: how two of its vectors are compared at retrieval, set likewise.
        view: what it sees of the graph.
    """

    name: str = "custom"
    metric: Metric = "dot"
    view: Bipartite

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """What each part that reads the view's edges makes of their weights."""
        return ("ignored",)

    @final
    def fit(
        self,
        graph: Graph,
        *,
        seed: int = 0,
        init: Embeddings | None = None,
        checkpoint: Path | None = None,
        progress: Progress = SILENT,
    ) -> Embeddings:
        """Vectors of every node that has at least one edge in the method's view of ``graph``.

        Args:
            seed: of every random choice: the same graph, method and seed give the same vectors.
            init: embeddings of an earlier graph to start from, matched by id; nodes it lacks start as usual.
                A closed form has no start and ignores it.
            checkpoint: folder for checkpoints; a run killed and repeated with the same folder resumes and
                ends in the same vectors. A closed form, a matter of seconds, ignores it.

        Raises:
            ConfigError: when the seed is negative or above 2^63 - 1.
            GraphError: when the graph lacks what the view asks for, or has weights that a part would misread.
            TrainingError: when the loss or the vectors are not finite, or the checkpoint is of another run.
        """
        check_seed(seed)
        view = build_view(self.view, graph)
        for use in self.weight_uses:
            check_weights(view.relation, view.forward.weights(), use)
        return self._fit(graph, view, seed=seed, init=init, checkpoint=checkpoint, progress=progress)

    @abstractmethod
    def _fit(
        self,
        graph: Graph,
        view: BipartiteView,
        *,
        seed: int,
        init: Embeddings | None,
        checkpoint: Path | None,
        progress: Progress,
    ) -> Embeddings:
        """:meth:`fit` of a seed and weights that are allowed; ``view`` is the method's view of ``graph``."""

    def _embeddings(
        self,
        graph: Graph,
        relation: str,
        sides: Mapping[str, tuple[I64, F32]],
        *,
        seed: int,
        scorer: str,
        figures: Mapping[str, float],
        encoder: "nn.Module | None" = None,
    ) -> Embeddings:
        """The tables of ``sides``, node type → (vocabulary rows, their vectors), with their provenance."""
        tables = {node_type: _table(graph, node_type, *side) for node_type, side in sides.items()}
        provenance = Provenance(
            method=self.name,
            config=self.model_dump(mode="json"),
            metric=self.metric,
            scorer=scorer,
            as_of=graph.as_of,
            seed=seed,
            graph_fingerprint=graph.fingerprint,
            edges={relation: edge_summary(graph)[relation]},
            figures=dict(figures),
            read=summed(graph.report.files),
        )
        return Embeddings(tables, provenance, encoder)


class ClosedForm(Method):
    """View of the graph · solver."""

    kind: Literal["closed_form"] = "closed_form"
    solver: SerializeAsAny[Solver]

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """See :attr:`Method.weight_uses`."""
        return (self.solver.weights,) if self.view.use_weights else ("ignored",)

    def _fit(
        self,
        graph: Graph,
        view: BipartiteView,
        *,
        seed: int,
        init: Embeddings | None,  # noqa: ARG002
        checkpoint: Path | None,  # noqa: ARG002
        progress: Progress,
    ) -> Embeddings:
        started = time.perf_counter()
        src, dst = self.solver.solve(view, seed=seed, progress=progress)
        figures = {"fit_seconds": time.perf_counter() - started}
        src_rows, dst_rows = np.flatnonzero(view.forward.degrees), np.flatnonzero(view.reverse.degrees)
        sides = {view.src_type: (src_rows, src[src_rows]), view.dst_type: (dst_rows, dst[dst_rows])}
        return self._embeddings(graph, view.relation, sides, seed=seed, scorer="dot", figures=figures)


def check_seed(seed: int) -> None:
    """Raises:
    ConfigError: when ``seed`` is negative or above 2^63 - 1.
    """
    if not 0 <= seed < 2**63:
        raise ConfigError(f"seed {seed} is not between 0 and 2^63 - 1", fix="use for example 0")


def build_view(view: Bipartite, graph: Graph) -> BipartiteView:
    """The view, which must join two node types: one table per type.

    Raises:
        GraphError: when the relation is unknown, empty, or joins a node type with itself.
    """
    built = view.build(graph)
    if built.src_type == built.dst_type:
        raise GraphError(
            f"relation {built.relation!r} joins {built.src_type!r} with itself; a bipartite method has one"
            " table per side",
            fix="name a relation between two node types",
        )
    return built


def _table(graph: Graph, node_type: str, rows: I64, vectors: F32) -> EmbeddingTable:
    kept = np.ascontiguousarray(vectors, np.float32)
    bad = int((~np.isfinite(kept)).any(axis=1).sum())
    if bad:
        raise TrainingError(
            f"{bad} of {len(rows)} {node_type} vectors are not finite",
            fix="lower the learning rate or the exponents, or look for extreme weights in the relation",
        )
    vocabulary = graph.vocabularies[node_type]
    return EmbeddingTable(node_type, vocabulary.decode(rows), kept, len(vocabulary))
