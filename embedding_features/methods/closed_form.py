"""Methods whose vectors a solver computes, outside of the training loop."""

import time
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import SerializeAsAny

from embedding_features.arrays import I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.artifact.metric import Metric
from embedding_features.errors import ConfigError
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.methods.base import Method, Run
from embedding_features.methods.earlier import find_before
from embedding_features.solvers.base import Solution, Solver, Start, restricted


class ClosedForm(Method):
    """A composition of a view of the graph and a solver.

    Attributes:
        solver: what computes the vectors from the view.
    """

    kind: Literal["closed_form"] = "closed_form"
    solver: SerializeAsAny[Solver]

    @property
    def metric(self) -> Metric:
        """How two of its vectors are compared at retrieval, as the solver says."""
        return self.solver.metric

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """Say how the solver uses the weights of the view's first relation."""
        return ("ignored",) if self.view.weights == "one" else (self.solver.weights,)

    @property
    def other_weight_uses(self) -> tuple[WeightUse, ...]:
        """Say how the solver uses those of the other relations."""
        return self.weight_uses if self.solver.other_weights is None else (self.solver.other_weights,)

    def _fit(self, view: GraphView, run: Run) -> Embeddings:
        if (self.freeze or self.previous_l2) and not self.solver.holds:
            raise ConfigError(
                f"freeze or previous_l2 of {self.name}: its solver computes all vectors anew",
                fix="leave them out, or take a method that learns by gradient steps",
            )
        started = time.perf_counter()
        start = None if run.init is None else self._start(view, run.init, run)
        found = self.solver.fit(
            view, seed=run.seed, progress=run.progress, start=start, checkpoint=run.checkpoint
        )
        figures = {**found.figures, "fit_seconds": time.perf_counter() - started}
        rows = {node_type: _known(found, view, node_type) for node_type in found.vectors}
        fold_ins = {
            node_type: self._fold_in(one, rows[node_type], rows[one.other])
            for node_type, one in found.fold_ins.items()
        }
        tables = {node_type: (rows[node_type], x[rows[node_type]]) for node_type, x in found.vectors.items()}
        return self._embeddings(
            run,
            view,
            tables,
            scorer=self.metric,
            figures=figures,
            encoder=found.encoder,
            own_fold_ins=fold_ins,
        )

    def _fold_in(self, found: FoldInParameters, own: I64, others: I64) -> FoldInParameters:
        """Return a solver's fold-in for the rows of the tables, with the view's rule of weights."""
        weighted = self.view.weights != "one" and not found.values
        return replace(restricted(found, own, others), weighted=weighted)

    def _start(self, view: GraphView, init: Embeddings, run: Run) -> Start | None:
        """Return what the solver starts from; None where it has no start."""
        if not self.solver.has_start:
            return None
        of = find_before(init, run.graph, view, [t for t in view.nodes if t in init.tables])
        return Start(of, self.previous_l2, self.freeze)


def _known(found: Solution, view: GraphView, node_type: str) -> I64:
    """Return the rows of a type's span that have a vector: those said to, or those with edges."""
    if node_type in found.known:
        return np.flatnonzero(found.known[node_type])
    has = np.zeros(len(view.nodes[node_type].rows), np.bool_)
    for relation in view.relations.values():
        for end, edges in ((relation.src, relation.forward), (relation.dst, relation.reverse)):
            if end == node_type:
                has |= edges.degrees > 0
    return np.flatnonzero(has)
