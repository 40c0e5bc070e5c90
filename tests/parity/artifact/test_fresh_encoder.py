"""The recipe ``encoder`` makes of the events of a snapshot the vectors that the snapshot has."""

from pathlib import Path

import numpy as np
import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.derive import derive
from embedding_features.fresh import Events, FreshSeries
from embedding_features.methods import make
from embedding_features.sources.moment import to_microseconds
from embedding_features.testing.graphs import AS_OF, weighted

#: methods whose networks read histories, and what keeps their fits short
METHODS = {
    "mult_vae": {"hidden": 16, "latent": 4},
    "pinnerformer": {"length": 12, "days": 1.0},
    "sasrec": {"length": 12},
    "two_tower": {"widths": (16,)},
    "youtube_dnn": {"widths": (16,)},
}


@pytest.mark.parametrize("name", METHODS)
def test_of_the_training_events_it_makes_the_stored_vectors(name: str, tmp_path: Path) -> None:
    graph = weighted([1.0])
    fitted = make(name, dim=8, epochs=2, batch_size=64, **METHODS[name]).fit(graph, seed=0)
    snapshot = write_snapshot(derive(fitted), tmp_path)
    saw = graph.relation().forward
    users = np.unique(saw.sources())
    moment = np.full(len(users), to_microseconds(AS_OF) + 1)
    log = Events(
        np.concatenate([saw.sources().astype(np.int64), users]),
        np.concatenate([saw.indices.astype(np.int64), np.zeros(len(users), np.int64)]),
        np.concatenate([saw.time, moment]),
        np.ones(saw.edges + len(users)),
    )
    ids = [graph.vocabularies[node_type].ids for node_type in ("user", "item")]
    figures = FreshSeries.read([snapshot], "user", ["encoder"]).rows(log, *ids)
    stored = {side: snapshot.vectors(side) for side in ("user", "item")}
    rows = [stored["user"].ids.to_pylist().index(one) for one in ids[0].take(users).to_pylist()]
    expected = stored["user"].vectors[rows]
    made = figures["encoder_vector"][saw.edges :]
    length = np.linalg.norm(made, axis=1)
    assert (np.linalg.norm(made - expected, axis=1) <= 1e-6 * length).all()
    item = stored["item"].vectors[stored["item"].ids.to_pylist().index(ids[1][0].as_py())]
    scale = length * np.linalg.norm(item) if snapshot.manifest.space.metric == "cosine" else 1.0
    np.testing.assert_allclose(
        figures["encoder_score"][saw.edges :], made @ item / scale, rtol=1e-4, atol=1e-6
    )
