"""Views of one matrix, and the vectors of its two sides, for tests of solvers."""

from typing import Any

import numpy as np

from embedding_features.arrays import F32
from embedding_features.graph import CSR, Relation
from embedding_features.graph.view import GraphView, spans
from embedding_features.solvers.base import Solver


def matrix_view(forward: CSR, *others: Relation, name: str = "likes", src: str = "user", dst: str = "item"):
    """The view of a matrix [sources, destinations], with relations of attributes beside it."""
    relations = [Relation(name, src, dst, forward, forward.transposed()), *others]
    counts: dict[str, int] = {}
    for relation in relations:
        counts |= {relation.src: relation.forward.rows, relation.dst: relation.reverse.rows}
    return GraphView(spans({t: np.arange(n) for t, n in counts.items()}), {r.name: r for r in relations})


def sides(solver: Solver, view: GraphView, **arguments: Any) -> tuple[F32, F32]:
    """The vectors of the sources and the destinations of the view's matrix."""
    found, matrix = solver.fit(view, **arguments).vectors, view.matrix()
    return found[matrix.src], found[matrix.dst]
