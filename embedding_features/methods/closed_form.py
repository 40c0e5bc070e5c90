"""Methods that a solver computes directly, without gradient steps."""

import time
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import SerializeAsAny

from embedding_features.arrays import I64, Bool
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.errors import CompatibilityError
from embedding_features.graph.attributed import Attributed, Valued
from embedding_features.graph.csr import CSR
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.methods.base import Method, Run
from embedding_features.solvers.base import Solver, Start, restricted
from embedding_features.solvers.vbmf import VBMF


class ClosedForm(Method):
    """A composition of a view of the graph and a solver.

    Attributes:
        solver: what computes the vectors from the view. It neither starts from given vectors nor keeps
            checkpoints.
    """

    kind: Literal["closed_form"] = "closed_form"
    solver: SerializeAsAny[Solver]

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """Say how the solver uses the weights of the view's edges."""
        return (self.solver.weights,) if self.view.use_weights else ("ignored",)

    def _fit(self, view: BipartiteView, run: Run) -> Embeddings:
        started = time.perf_counter()
        found = self.solver.fit(view, seed=run.seed, progress=run.progress, start=self._start(view, run))
        figures = {"fit_seconds": time.perf_counter() - started}
        src = _rows(found.src_known, view.forward)
        dst = _rows(found.dst_known, view.reverse)
        fold_ins: dict[str, FoldInParameters] = {}
        if found.fold_in_src is not None:
            fold_ins[view.src_type] = self._fold_in(found.fold_in_src, src, dst)
        if found.fold_in_dst is not None:
            fold_ins[view.dst_type] = self._fold_in(found.fold_in_dst, dst, src)
        sides = {view.src_type: (src, found.src[src]), view.dst_type: (dst, found.dst[dst])}
        return self._embeddings(
            run, view.relation, sides, scorer="dot", figures=figures, own_fold_ins=fold_ins
        )

    def _fold_in(self, found: FoldInParameters, own: I64, others: I64) -> FoldInParameters:
        """Return a solver's fold-in for the rows of the tables, with the view's rule of weights."""
        weighted = self.view.use_weights and not found.values
        return replace(restricted(found, own, others), weighted=weighted)

    def _start(self, view: BipartiteView, run: Run) -> Start | None:
        """Return what the solver starts from; by default nothing."""
        del view, run
        return None


class AttributedClosedForm(ClosedForm):
    """A closed form whose view also holds attributes of the nodes."""

    kind: Literal["attributed_closed_form"] = "attributed_closed_form"  # type: ignore[assignment]
    view: Attributed


class ValuedClosedForm(AttributedClosedForm):
    """A closed form that predicts the weights of pairs, of which the last one counts."""

    kind: Literal["valued_closed_form"] = "valued_closed_form"  # type: ignore[assignment]
    view: Valued
    solver: VBMF

    def _start(self, view: BipartiteView, run: Run) -> Start | None:
        """Return the posteriors of ``run.init``, whose fold-ins have them in the solver's coordinates."""
        if run.init is None:
            return None
        sides = (view.src_type, view.dst_type)
        before = [run.init.fold_ins.get(node_type, {}).get("own") for node_type in sides]
        src, dst = before
        if (
            src is None
            or dst is None
            or src.covariance is None
            or len(src.prior_precision) != self.solver.dim
        ):
            raise CompatibilityError(
                f"init has no posteriors of {' and '.join(sides)} of dim {self.solver.dim}",
                fix="start from a fit of the same method and dim, or without init",
            )
        vectors = np.full((view.reverse.rows, self.solver.dim), np.nan)
        table, vocabulary = run.init.tables[view.dst_type], run.graph.vocabularies[view.dst_type]
        rows = vocabulary.encode(table.ids)
        vectors[rows[rows >= 0]] = src.design[rows >= 0]
        return Start(vectors, src.prior_precision, dst.prior_precision, src.noise)


def _rows(known: Bool | None, edges: CSR) -> I64:
    """Return the vocabulary rows that have a vector: those said to, or those with edges."""
    return np.flatnonzero(edges.degrees if known is None else known)
