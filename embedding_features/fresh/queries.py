"""The queries of recall that are made of events: fold-in vectors of the latest, plus the mean node's."""

from dataclasses import replace

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.fresh.request import NodeEvents
from embedding_features.fresh.series import FreshSeries
from embedding_features.ids import Ids

#: newest events of a node that a query is made of, and the weight of the mean node's vector: the defaults,
#: chosen on earlier labels of MovieLens-100K
QUERY_EVENTS, MEAN_WEIGHT = 10, 0.25


def query_vectors(
    series: FreshSeries,
    mean: F64,
    nodes: Ids,
    places: I64,
    events: NodeEvents,
    other: Ids,
    moment: int,
    *,
    last: int = QUERY_EVENTS,
    mean_weight: float = MEAN_WEIGHT,
) -> F64:
    """Return the vectors by which nodes' latest events are searched for, as of one moment.

    A few events say little: the mean vector of the nodes' type is added to what they are folded in to. That
    of a node without events is its prior's, and so nearly the mean.

    Args:
        series: with the recipe ``fold_in``.
        mean: [dim] of the vectors of the nodes' type in the newest snapshot before the moment.
        nodes: [n] ids, which no snapshot need know.
        places: [k] place in ``nodes`` of the node of each event.
        events: [k] the events of all of them; those at the moment or later do not count.
        other: any id of the other node type.
        moment: µs since 1970, UTC.
        last: newest events of a node that count.
        mean_weight: of the mean.

    Returns:
        [n, dim]; NaN before the first snapshot.

    Raises:
        DataError: as :meth:`.FreshSeries.requests`.
    """
    made = replace(series, last=last).requests(nodes, places, events, other, moment)
    vectors: F64 = made["fold_in_vector"] + mean_weight * np.asarray(mean, np.float64)
    return vectors
