"""The leak check of fold-ins: what a snapshot folds nodes in by follows from the logs as of its moment."""

from collections.abc import Mapping

import numpy as np

from embedding_features.artifact import EmbeddingTable, Manifest, Snapshot
from embedding_features.artifact.fold_in import FoldIns
from embedding_features.artifact.manifest import Cosines
from embedding_features.errors import LeakError
from embedding_features.fresh.graph_nodes import GraphNodes
from embedding_features.fresh.regression import learned_of_values
from embedding_features.graph import Graph
from embedding_features.methods.fold_ins import value_regressions
from embedding_features.space.fresh_records import own_cosines

RECOUNTED, NOT_RECORDED, LATE_ROWS = "recounted", "not recorded", "rows came late"
#: sums over the same edges in another order, and roundings to float32, differ by less
_TOLERANCE = 1e-6


def verify_fold_ins(snapshot: Snapshot, logs: Graph) -> dict[str, str]:
    """Check that a snapshot's fold-ins and vectors were made of the edges of its moment and of no others.

    - Of the relation of values: each node's mean value, mean and precision of biases, and the error variance
      are estimated again from the logs (:func:`.regress_values`). One label more moves them.
    - Of the relation that the vectors are of: nodes are folded in from their edges in the logs. The cosines
      to the stored vectors are those recorded (``manifest.fresh``), unless vectors rest on other edges.

    Args:
        snapshot: with what was recorded when it was made.
        logs: the graph of the logs as of the snapshot's moment; how it numbers nodes does not matter.

    Returns:
        Relation → ``recounted``; ``rows came late`` where the logs have more edges by now, by which all of
        this moves; ``not recorded`` where the snapshot has nothing to compare with.

    Raises:
        LeakError: naming the run, the node type and the relation.
    """
    made, fold_ins = snapshot.manifest, snapshot.fold_ins()
    tables = {node_type: snapshot.vectors(node_type) for node_type in made.nodes}
    own, values, found = next(iter(made.edges)), made.config.get("values"), dict[str, str]()
    for relation, edges in made.edges.items():
        recorded = (relation == own and made.fresh) or (relation == values and fold_ins)
        late = logs.relation(relation).forward.edges != edges.count
        found[relation] = (LATE_ROWS if late else RECOUNTED) if recorded else NOT_RECORDED
    if made.fresh and found[own] == RECOUNTED:
        _check_vectors(made, tables, fold_ins, logs, own)
    if fold_ins and found.get(str(values)) == RECOUNTED:
        _check_values(made, tables, fold_ins, logs, str(values))
    return found


def _check_vectors(
    made: Manifest, tables: Mapping[str, EmbeddingTable], fold_ins: FoldIns, logs: Graph, relation: str
) -> None:
    for node_type, record in made.fresh.items():
        nodes = GraphNodes.of(tables, fold_ins, node_type, logs)
        if nodes is None:
            continue
        unknown = len(nodes.table.ids) - int((nodes.rows >= 0).sum())
        if unknown:
            raise _leak(made, relation, f"has vectors of {unknown} {node_type} nodes that the logs have not")
        found = own_cosines(nodes, relation)
        if not _equal(found, record.own):
            raise _leak(
                made,
                relation,
                f"has {node_type} vectors with a mean cosine of {found.mean} to those folded in from the "
                f"logs, not {record.own.mean} as recorded,",
            )


def _check_values(
    made: Manifest, tables: Mapping[str, EmbeddingTable], fold_ins: FoldIns, logs: Graph, relation: str
) -> None:
    for node_type, regression in value_regressions(tables, logs, relation).items():
        stored = learned_of_values(fold_ins[node_type]["values"])
        moved = ~np.isclose(stored, learned_of_values(regression), rtol=_TOLERANCE, atol=_TOLERANCE)
        if moved.any():
            raise _leak(
                made,
                relation,
                f"folds {node_type} nodes in by {len(moved)} means and variances of values, of which the "
                f"logs do not give {int(moved.sum())},",
            )


def _equal(one: Cosines, two: Cosines) -> bool:
    a, b = ([found.count, found.mean or 0.0, *found.quantiles.values()] for found in (one, two))
    return len(a) == len(b) and np.allclose(a, b, rtol=0, atol=_TOLERANCE)


def _leak(made: Manifest, relation: str, what: str) -> LeakError:
    return LeakError(
        f"run {made.run_id} {what} as of {made.as_of.isoformat()} in relation {relation!r}",
        fix="fit on the graph of that moment; if rows of the logs were changed since, this is what shows it",
    )
