"""Figures of many nodes at once are those of each alone."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.artifact import write_snapshot
from embedding_features.errors import DataError
from embedding_features.fresh import RECIPES, FreshSeries, NodeEvents
from embedding_features.methods import make
from embedding_features.sources.moment import to_microseconds
from embedding_features.testing.graphs import AS_OF, judged

NOW = to_microseconds(AS_OF) + 10
#: two items of the snapshot, one without edges, one that it does not know, and one that is asked of twice
ITEMS = [1000, 1003, 1049, 5000, 1000]
#: (place of the item, user, µs after the snapshot, value)
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from([0, 7, 58, 777]), st.integers(1, 12), st.sampled_from([0.0, 1.0])
    ),
    max_size=20,
)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    method = make("als", dim=3, relation="saw").model_copy(update={"values": "judged"})
    snapshot = write_snapshot(method.fit(judged(), seed=1), tmp_path_factory.mktemp("runs"))
    return FreshSeries.read([snapshot], "item", tuple(RECIPES), last=4)


def node_events(rows):
    return NodeEvents(
        pa.array([user for _, user, *_ in rows], pa.int64()),
        np.array([value for *_, value in rows], np.float64),
        np.array([NOW - 10 + after for *_, after, _ in rows], np.int64),
    )


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.sampled_from([7, 777]))
def test_many_nodes_have_the_figures_of_each(series, rows, user):
    places = np.array([place for place, *_ in rows], np.int64)
    found = series.requests(pa.array(ITEMS), places, node_events(rows), user, NOW)
    for place, item in enumerate(ITEMS):
        alone = series.request(item, node_events([row for row in rows if row[0] == place]), [user], NOW)
        for name, values in alone.items():
            expected = values if name.endswith("_vector") else values[0]
            np.testing.assert_allclose(found[name][place], expected, rtol=1e-9, atol=1e-12, err_msg=name)


def test_no_nodes_and_ids_of_another_type(series):
    nothing = series.requests(pa.array([], pa.int64()), np.empty(0, np.int64), node_events([]), 7, NOW)
    assert {len(values) for values in nothing.values()} == {0}
    with pytest.raises(DataError, match="string"):
        series.requests(pa.array(["a"]), np.empty(0, np.int64), node_events([]), 7, NOW)
