"""Methods that a solver computes directly, without gradient steps."""

import time
from typing import Literal

import numpy as np
from pydantic import SerializeAsAny

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.graph.attributed import Attributed, Valued
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.methods.base import Method, Run
from embedding_features.solvers.base import Solver


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
        src, dst = self.solver.solve(view, seed=run.seed, progress=run.progress)
        figures = {"fit_seconds": time.perf_counter() - started}
        src_rows, dst_rows = np.flatnonzero(view.forward.degrees), np.flatnonzero(view.reverse.degrees)
        sides = {view.src_type: (src_rows, src[src_rows]), view.dst_type: (dst_rows, dst[dst_rows])}
        return self._embeddings(run, view.relation, sides, scorer="dot", figures=figures)


class AttributedClosedForm(ClosedForm):
    """A closed form whose view also holds attributes of the nodes."""

    kind: Literal["attributed_closed_form"] = "attributed_closed_form"  # type: ignore[assignment]
    view: Attributed


class ValuedClosedForm(AttributedClosedForm):
    """A closed form that predicts the weights of pairs, of which the last one counts."""

    kind: Literal["valued_closed_form"] = "valued_closed_form"  # type: ignore[assignment]
    view: Valued
