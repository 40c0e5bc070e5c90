"""What the conformance tests of methods ask of fits that start from an earlier one."""

import numpy as np

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.artifact.metric import as_compared
from embedding_features.methods import ClosedForm, Method, Trained
from embedding_features.testing.method_case import vectors_of


def has_start(method: Method) -> bool:
    """Return whether a method begins with what an earlier fit found."""
    return isinstance(method, Trained) or (isinstance(method, ClosedForm) and method.solver.has_start)


def can_be_held(method: Method, first: Embeddings) -> bool:
    """Return whether a method can be held to an earlier fit, by a pull or by frozen vectors.

    A trained one can where its network has a row for each node, and not where it makes vectors of features.
    """
    if isinstance(method, Trained):
        return bool(row_parameters(first))
    return isinstance(method, ClosedForm) and method.solver.holds


def without_steps(method: Trained) -> Method:
    """Return the method trained for one epoch at a learning rate of nothing."""
    optimizer = method.training.optimizer.model_copy(update={"lr": 1e-30})
    update = {"optimizer": optimizer, "epochs": 1}
    return method.model_copy(update={"training": method.training.model_copy(update=update)})


def row_parameters(embeddings: Embeddings) -> dict[str, dict[str, F32]]:
    """Return name → node type → [n, …] the parameters that have a row for each node."""
    network = embeddings.encoder
    if network is None:
        return {}
    return {
        name: {
            node_type: part.numpy() for node_type, part in network.rows_by_type(parameter.detach()).items()
        }
        for name, parameter in network.row_parameters().items()
    }


def assert_starts_by_id(first: Embeddings, warm: Embeddings, cold: Embeddings) -> None:
    """Check that fits without steps have the parameters of an earlier one where an id or a name was there.

    Args:
        first: the earlier fit.
        warm: a fit that started from it.
        cold: the same fit without a start: what new nodes, and relations, start from.
    """
    for name in row_parameters(first):
        for node_type in row_parameters(warm)[name]:
            old, new, fresh = (row_parameters(e)[name][node_type] for e in (first, warm, cold))
            _assert_rows(first, warm, node_type, old, new, fresh)
    if RELATION in first.tables:
        old, new, fresh = (e.tables[RELATION].vectors for e in (first, warm, cold))
        _assert_rows(first, warm, RELATION, old, new, fresh)


def _assert_rows(first: Embeddings, warm: Embeddings, table: str, old: F32, new: F32, fresh: F32) -> None:
    before = {one: row for row, one in enumerate(first.tables[table].ids.to_pylist())}
    ids = warm.tables[table].ids.to_pylist()
    assert len(before.keys() & set(ids)) > 1, "nothing to compare"
    expected = np.stack([old[before[one]] if one in before else fresh[row] for row, one in enumerate(ids)])
    np.testing.assert_allclose(new, expected, rtol=0, atol=1e-6)


def moved(before: Embeddings, after: Embeddings) -> float:
    """Return how far the parameters of users have moved, in the mean of all numbers."""
    pairs = zip(_of(before, "user"), _of(after, "user"), strict=True)
    return float(np.mean([np.abs(a - b).mean() for a, b in pairs]))


def assert_frozen(before: Embeddings, after: Embeddings, node_type: str) -> None:
    """Check that the parameters of a node type are the same to the last bit."""
    for one, same in zip(_of(before, node_type), _of(after, node_type), strict=True):
        np.testing.assert_array_equal(one, same)


def _of(embeddings: Embeddings, node_type: str) -> list[F32]:
    return [of_type[node_type] for of_type in row_parameters(embeddings).values()]


def pair_scores(embeddings: Embeddings) -> F32:
    """Return the dot products of all users and items, in the order of their ids."""
    ordered = [
        vectors[np.argsort(embeddings.tables[node_type].ids.to_pylist())]
        for node_type, vectors in zip(("user", "item"), vectors_of(embeddings), strict=True)
    ]
    return ordered[0] @ ordered[1].T


def cosines(embeddings: Embeddings, node_type: str) -> F32:
    """Return the cosines of all pairs of nodes of a type about their mean vector, in the order of the ids."""
    table = embeddings.tables[node_type]
    ordered = table.vectors[np.argsort(table.ids.to_pylist())]
    unit = as_compared(ordered - ordered.mean(axis=0), "cosine")
    return unit @ unit.T


def likeness(one: Embeddings, other: Embeddings) -> float:
    """Return the correlation of the scores of two fits of the same nodes."""
    return float(np.corrcoef(pair_scores(one).ravel(), pair_scores(other).ravel())[0, 1])
