"""The interface of methods: frozen compositions of typed parts that can be fitted on a graph."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings, Provenance
from embedding_features.artifact.fold_in import FoldInParameters, FoldIns
from embedding_features.artifact.metric import Metric
from embedding_features.config import Part
from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph.edge_summary import edge_summary
from embedding_features.graph.graph import Graph
from embedding_features.graph.views import Bipartite, BipartiteView
from embedding_features.graph.weights import WeightUse, check_weights
from embedding_features.methods.fold_ins import with_fold_ins
from embedding_features.methods.tables import make_table
from embedding_features.progress import SILENT, Progress
from embedding_features.sources.report import summed

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Run:
    """Holds the graph and the arguments of one call of :meth:`Method.fit`, which explains them."""

    graph: Graph
    seed: int
    init: Embeddings | None
    checkpoint: Path | None
    progress: Progress


class Method(Part):
    """A composition that learns vectors from a graph.

    ``model_dump_json`` writes it with all its settings, ``Method.model_validate_json`` reads it back. A
    subclass declares its ``kind``, its parts, ``weight_uses`` and ``_fit``.

    Attributes:
        name: the registered name, set by :func:`.method`.
        metric: how two of its vectors are compared at retrieval, set likewise.
        view: which relation of the graph it sees, and how that is normalized.
        values: relation of the same two node types whose weights are what users gave to items, such as labels
            or ratings: nodes are then also folded in by regression of these (:mod:`.fold_ins`).
    """

    name: str = "custom"
    metric: Metric = "dot"
    view: Bipartite
    values: str | None = None

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """Say how each part that reads the view's edges uses their weights."""
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
        """Learn a vector for every node that has at least one edge in the method's view of ``graph``.

        Args:
            graph: what to learn from; it is left as it is.
            seed: of every random choice: the same graph, method and seed give the same vectors. Change it to
                see how far results depend on chance.
            init: embeddings of an earlier graph to start from, matched by id; nodes it lacks start as usual.
                A closed form has no start and ignores it.
            checkpoint: folder for checkpoints; a run killed and repeated with the same folder resumes and
                ends in the same vectors. A closed form, a matter of seconds, ignores it.
            progress: where the run reports how far it is; nowhere by default.

        Raises:
            ConfigError: when the seed is negative or above 2^63 - 1.
            GraphError: when the graph lacks what the view asks for, or has weights that a part would misread.
            TrainingError: when the loss or the vectors are not finite, or the checkpoint is of another run.

        Example:
            >>> from datetime import UTC, datetime
            >>> import numpy as np
            >>> from embedding_features.graph import Graph
            >>> from embedding_features.methods import spectral
            >>> edges = {("user", "bought", "item"): (np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))}  # ids
            >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
            >>> embeddings = spectral(dim=2).fit(graph, seed=0)
            >>> embeddings.tables["user"].vectors.shape, embeddings.tables["item"].ids.to_pylist()
            ((3, 2), [1, 2, 3])
        """
        check_seed(seed)
        view = build_view(self.view, graph)
        for use in self.weight_uses:
            check_weights(view.relation, view.forward.weights(), use)
        fitted = self._fit(view, Run(graph, seed, init, checkpoint, progress))
        return with_fold_ins(fitted, graph, self.values)

    @abstractmethod
    def _fit(self, view: BipartiteView, run: Run) -> Embeddings:
        """Learn the vectors, once seed and weights are checked.

        Args:
            view: the method's view of ``run.graph``.
            run: the graph and the arguments of :meth:`fit`.
        """

    def _embeddings(
        self,
        run: Run,
        relation: str,
        sides: Mapping[str, tuple[I64, F32]],
        *,
        scorer: str,
        figures: Mapping[str, float],
        encoder: "nn.Module | None" = None,
        own_fold_ins: Mapping[str, FoldInParameters] | None = None,
    ) -> Embeddings:
        """Return the tables of ``sides``, node type → (vocabulary rows, their vectors), with provenance.

        ``own_fold_ins`` says of a node type how its nodes are folded in, in rows of the tables.
        """
        graph = run.graph
        tables = {node_type: make_table(graph, node_type, *side) for node_type, side in sides.items()}
        provenance = Provenance(
            method=self.name,
            config=self.model_dump(mode="json"),
            metric=self.metric,
            scorer=scorer,
            as_of=graph.as_of,
            seed=run.seed,
            graph_fingerprint=graph.fingerprint,
            edges={relation: edge_summary(graph)[relation]},
            figures=dict(figures),
            read=summed(graph.report.files),
        )
        fold_ins: FoldIns = {node_type: {"own": one} for node_type, one in (own_fold_ins or {}).items()}
        return Embeddings(tables, provenance, encoder, fold_ins)


def check_seed(seed: int) -> None:
    """Check that a seed is one that every random generator takes.

    Raises:
        ConfigError: when ``seed`` is negative or above 2^63 - 1.
    """
    if not 0 <= seed < 2**63:
        raise ConfigError(f"seed {seed} is not between 0 and 2^63 - 1", fix="use for example 0")


def build_view(view: Bipartite, graph: Graph) -> BipartiteView:
    """Build the view, which must join two node types: there is one table per type.

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
