"""A ranker exported, loaded, and scoring raw rows as training did."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import SnapshotError
from embedding_features.store import historical, list_published, materialize, online
from ranking.bundle import export_bundle, load_bundle
from ranking.experiment.arms import select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.variants import Variant
from ranking.task.labels import entity_frame
from tests.store.builders import make_repo, tree
from tests.store.bundle_world import RANKERS, export, make_bundles


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_bundles(tmp_path_factory.mktemp("bundles"))


@pytest.mark.parametrize("kind", RANKERS)
def test_scores_raw_rows_as_training_did(world, kind):
    """Bit by bit, from the raw columns of the test rows, after a round trip through files."""
    bundle = load_bundle(world.bundle(kind), world.repo)
    rows, test = world.dataset.parts["test"], world.part("test")
    again = RANKERS[kind].fit(world.part("train"), world.part("validation"), 0)
    expected = bundle.record.calibration.apply(again.predict(test))
    got = bundle.score(world.raw.take(pa.array(rows)).select(bundle.spec.columns()))
    np.testing.assert_array_equal(got, expected)
    assert np.ptp(got) > 0.01
    assert bundle.record.data_fingerprint == world.part("train").fingerprint()
    assert bundle.record.metrics == {"auc": 0.5}
    assert bundle.score(world.raw.slice(0, 0)).shape == (0,)


def test_one_request_of_lists_instead_of_dictionaries(world):
    """A request has its history's vectors as plain lists; the score is that of the batch."""
    bundle = load_bundle(world.bundle("din"))
    row = world.raw.slice(700, 1)
    name = "user_history_spectral_item_vector"
    plain = pa.array(row[name].to_pylist(), pa.list_(pa.list_(pa.float32(), 4)))
    assert plain[0].as_py()
    request = row.set_column(row.schema.get_field_index(name), name, plain)
    np.testing.assert_allclose(bundle.score(request), bundle.score(world.raw)[700:701], atol=1e-6)
    np.testing.assert_array_equal(bundle.score(request), bundle.score(row))


def test_asks_for_exactly_the_pinned_run(world):
    """References of the newest run, which the store answers with the values trained on."""
    bundle = load_bundle(world.bundle("lightgbm"), world.repo)
    newest = list_published(world.repo)[-1].manifest.run_id
    assert {(pin.version, pin.run_id) for pin in bundle.pins} == {(2, newest)}
    assert set(bundle.feature_refs) == {
        f"spectral_{side}_{ref}"
        for side in ("user", "item")
        for ref in (
            "vector@v2:vector",
            "clusters@v2:cluster_ids",
            "clusters@v2:cluster_weights",
            "tokens@v2:pq_tokens",
            "tokens@v2:rq_tokens",
            "neighbours@v2:neighbour_ids",
            "neighbours@v2:neighbour_scores",
        )
    }
    answer = historical(world.repo, entity_frame(world.task, world.labels), bundle.feature_refs)
    store = [name for name in answer.column_names if "__" in name and name in bundle.spec.columns()]
    assert len(store) == len(bundle.feature_refs)
    asked = world.raw.drop_columns(store)
    for name in store:
        asked = asked.append_column(name, answer[name])
    np.testing.assert_array_equal(bundle.score(asked), bundle.score(world.raw))


def test_scores_what_the_online_store_answers(world):
    """The rows of the last snapshot's time, read online by the bundle's references, score as in training."""
    bundle = load_bundle(world.bundle("lightgbm"), world.repo)
    materialize(world.repo)
    late = world.raw.slice(500)
    assert min(world.labels["timestamp"].slice(500).to_pylist()) > list_published(world.repo)[-1].as_of
    answer = online(world.repo, late.select(["user_id", "item_id"]), bundle.feature_refs)
    request = late.drop_columns([name for name in answer.column_names if "__" in name])
    for name in answer.column_names[2:]:
        request = request.append_column(name, answer[name])
    np.testing.assert_array_equal(bundle.score(request), bundle.score(late))


def test_pins_know_their_codebooks(world):
    bundle = load_bundle(world.bundle("lightgbm"))
    books = {pin.view: [book.id for book in pin.codebooks] for pin in bundle.pins}
    assert books["spectral_user_tokens"] == [f"b.spectral.s1.user.{c}_tokens" for c in ("pq", "rq")]
    assert books["spectral_item_clusters"] == ["b.spectral.s1.item.cluster_ids"]
    assert books["spectral_item_vector"] == []


def test_equal_trainings_give_equal_bytes(world, tmp_path):
    export(world, RANKERS["lightgbm"], tmp_path / "again")
    assert tree(tmp_path / "again") == tree(world.bundle("lightgbm"))
    with pytest.raises(SnapshotError, match="exists already"):
        export(world, RANKERS["lightgbm"], tmp_path / "again")


def test_a_variant_without_graph_features_needs_no_run(world, tmp_path):
    inputs, encoders = select(world.dataset, Variant(), GridContext(("spectral",)))
    train, validation = (inputs.take(world.dataset.parts[name]) for name in ("train", "validation"))
    fitted = RANKERS["wide_deep"].fit(train, validation, 0)
    export_bundle(
        tmp_path / "b", fitted, encoders, published=[], data_fingerprint=train.fingerprint(), metrics={}
    )
    bundle = load_bundle(tmp_path / "b", make_repo(tmp_path / "repo"))
    assert bundle.feature_refs == []
    np.testing.assert_array_equal(bundle.score(world.raw), fitted.predict(inputs))
