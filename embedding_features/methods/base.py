"""The interface of methods: frozen compositions of typed parts that can be fitted on a graph."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from pydantic import Field

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Provenance
from embedding_features.artifact.fold_in import FoldInParameters, FoldIns
from embedding_features.artifact.metric import Metric
from embedding_features.config import METHOD_PLUG_INS, Part
from embedding_features.errors import ConfigError
from embedding_features.graph.edge_summary import edge_summary
from embedding_features.graph.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.graph.weights import WeightUse, check_weights
from embedding_features.methods.fold_ins import with_fold_ins
from embedding_features.methods.tables import make_table
from embedding_features.progress import SILENT, Progress
from embedding_features.sources.report import summed

if TYPE_CHECKING:
    from embedding_features.encoders.base import Network


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
    subclass declares its ``kind``, its parts, ``weight_uses``, ``metric`` and ``_fit``.

    Attributes:
        name: the registered name, set by :func:`.method`.
        view: which relations of the graph it sees, and how it reads their weights.
        values: relation of two node types with vectors whose weights are what the one gave to the other, such
            as labels or ratings: nodes are then also folded in by regression of these (:mod:`.fold_ins`).
        previous_l2: with a start, λ of a pull λ/2 |x − x_before|² on the vectors of nodes that were there
            before; 0 lets them go where they want.
        freeze: with a start, node types (or ``relation``, for the vectors of relations) whose vectors stay as
            they were before; new nodes of these types are learned.
    """

    plug_ins: ClassVar[str] = METHOD_PLUG_INS

    name: str = "custom"
    view: View
    values: str | None = None
    previous_l2: float = Field(default=0.0, ge=0)
    freeze: tuple[str, ...] = ()

    @property
    def metric(self) -> Metric:
        """How two of its vectors are compared at retrieval."""
        return "dot"

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """Say how each part that reads the edges of the view's first relation uses their weights."""
        return ("ignored",)

    @property
    def other_weight_uses(self) -> tuple[WeightUse, ...]:
        """Say the same of the view's other relations."""
        return self.weight_uses

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
                A method without a start ignores it.
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
        view = self.view.build(graph)
        self._check_weights(view)
        fitted = self._fit(view, Run(graph, seed, init, checkpoint, progress))
        return with_fold_ins(fitted, view.relation(), graph, self.values)

    @abstractmethod
    def _fit(self, view: GraphView, run: Run) -> Embeddings:
        """Learn the vectors, once seed and weights are checked.

        Args:
            view: the method's view of ``run.graph``.
            run: the graph and the arguments of :meth:`fit`.
        """

    def _check_weights(self, view: GraphView) -> None:
        first = view.relation()
        for relation in view.relations.values():
            uses = self.weight_uses if relation is first else self.other_weight_uses
            if relation.forward.weight is not None or relation is first:
                for use in dict.fromkeys(uses):
                    check_weights(relation.name, relation.forward.weights(), use)

    def _embeddings(
        self,
        run: Run,
        view: GraphView,
        tables: Mapping[str, tuple[I64, F32]],
        *,
        scorer: str,
        figures: Mapping[str, float],
        encoder: "Network | None" = None,
        relations: EmbeddingTable | None = None,
        own_fold_ins: Mapping[str, FoldInParameters] | None = None,
    ) -> Embeddings:
        """Return the tables, node type → (rows of its span in the view, their vectors), with provenance.

        ``relations`` are the vectors of relations, published like those of nodes. ``own_fold_ins`` says of a
        node type how its nodes are folded in, in rows of the tables.
        """
        graph, counts, first = run.graph, edge_summary(run.graph), view.relation()
        made = {t: make_table(graph, t, view.nodes[t].rows[rows], x) for t, (rows, x) in tables.items()}
        if relations is not None:
            made[relations.node_type] = relations
        provenance = Provenance(
            method=self.name,
            config=self.model_dump(mode="json"),
            metric=self.metric,
            scorer=scorer,
            as_of=graph.as_of,
            seed=run.seed,
            graph_fingerprint=graph.fingerprint,
            edges={name: counts[name] for name in (*view.relations, *self.view.attributes)},
            sides=tuple(dict.fromkeys(t for t in (first.src, first.dst) if t in tables)),
            figures=dict(figures),
            read=summed(graph.report.files),
        )
        fold_ins: FoldIns = {node_type: {"own": one} for node_type, one in (own_fold_ins or {}).items()}
        return Embeddings(made, provenance, encoder, fold_ins)


def check_seed(seed: int) -> None:
    """Check that a seed is one that every random generator takes.

    Raises:
        ConfigError: when ``seed`` is negative or above 2^63 - 1.
    """
    if not 0 <= seed < 2**63:
        raise ConfigError(f"seed {seed} is not between 0 and 2^63 - 1", fix="use for example 0")
