"""The sub-model mode equals the feature mode before training, and the encoder itself on fresh edges."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from embedding_features.encoders import Encoder, LightPropagationNetwork
from embedding_features.errors import CompatibilityError, ConfigError
from ranking.inputs.fields import Category, Vector
from ranking.models import DIN, DLRM, DCNv2, DeepFM, FittedRanker, WideDeep
from ranking.models.pretrained import DHE, Added, FineTuned, Frozen, Mixed
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.modes.exported import export_program, program_arguments
from ranking.modes.sub_encoder import FineTuning
from ranking.modes.submodel import SubModel, later_rows, view_of
from tests.ranking_data import label_table, moment
from tests.sub_model_world import METHODS, QUICK, edges, graph_of, make_snapshot, rows_of

every_encoder = pytest.mark.parametrize("kind", METHODS)
RANKERS = [
    WideDeep(training=QUICK),
    DLRM(training=QUICK, pretrained=Frozen()),
    DCNv2(training=QUICK, pretrained=Added()),
    DeepFM(training=QUICK, pretrained=Mixed()),
    DIN(training=QUICK, pretrained=DHE()),
]


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {kind: make_snapshot(root / kind, kind) for kind in METHODS}


@pytest.fixture(scope="module")
def fitted(snapshots):
    """Frozen in a Wide & Deep, of each encoder."""
    kept = {}
    for kind, snapshot in snapshots.items():
        settings = SubModel(ranker=WideDeep(training=QUICK), snapshot=snapshot.folder, tuning=None)
        kept[kind] = settings.fit(rows_of(snapshot, 600, 0), rows_of(snapshot, 200, 1), 0)
    return kept


def test_every_encoder_is_tried():
    ours = {k for k, one in Encoder.members().items() if one.__module__.startswith("embedding_features.")}
    assert set(METHODS) == ours


@every_encoder
@pytest.mark.parametrize("ranker", RANKERS, ids=lambda r: r.kind)
def test_before_training_it_is_the_feature_mode(kind, ranker, snapshots):
    """The same seed, the same rows: logits to 1e-6, though one looks vectors up and one computes them."""
    inputs = rows_of(snapshots[kind], 300, 0)
    schema = Schema.of(inputs)
    batch = Batch.of(inputs, schema)
    sub = SubModel(ranker=ranker, snapshot=snapshots[kind].folder)
    feature, whole = (
        one.network(batch, schema, torch.Generator().manual_seed(3)).eval() for one in (ranker, sub)
    )
    with torch.no_grad():
        expected, got = feature(batch), whole(batch)
        blind = replace(batch, tables=tuple(torch.zeros_like(table) for table in batch.tables))
        np.testing.assert_allclose(got, expected, atol=1e-6)
        np.testing.assert_array_equal(whole(blind), got)  # the vectors of the inputs are not read
        assert (feature(blind) - expected).abs().max() > 1e-3


@every_encoder
def test_a_frozen_encoder_does_not_move(kind, snapshots, fitted):
    """And trains the ranker as the feature mode does."""
    encoder = snapshots[kind].embeddings().encoder
    for name, pretrained in encoder.state_dict().items():
        assert torch.equal(fitted[kind].model.sub.encoder.state_dict()[name], pretrained)
    train, watched, test = (rows_of(snapshots[kind], n, seed) for n, seed in ((600, 0), (200, 1), (300, 2)))
    feature = WideDeep(training=QUICK).fit(train, watched, 0)
    np.testing.assert_allclose(fitted[kind].predict(test), feature.predict(test), atol=1e-4)


def moved(fitted, snapshot):
    pretrained = snapshot.embeddings().encoder.state_dict()
    now = fitted.model.sub.encoder.state_dict()
    learned = dict(snapshot.embeddings().encoder.named_parameters())
    return max(float((now[name] - pretrained[name]).abs().max()) for name in learned)


@every_encoder
def test_a_tuned_encoder_moves_as_far_as_its_leash(kind, snapshots):
    snapshot = snapshots[kind]
    train, watched = rows_of(snapshot, 600, 0), rows_of(snapshot, 200, 1)
    distances = []
    for l2_sp in (0.0, 100.0):
        tuning = FineTuning(learning_rate=0.01, l2_sp=l2_sp, after=0)
        sub = SubModel(ranker=WideDeep(training=QUICK), snapshot=snapshot.folder, tuning=tuning)
        distances.append(moved(sub.fit(train, watched, 0), snapshot))
    assert 0 < distances[1] < 0.8 * distances[0]
    late = SubModel(
        ranker=WideDeep(training=QUICK), snapshot=snapshot.folder, tuning=FineTuning(after=QUICK.epochs)
    )
    assert moved(late.fit(train, watched, 0), snapshot) == 0


def test_same_seed_same_scores(snapshots):
    snapshot = snapshots["light_propagation"]
    sub = SubModel(ranker=DLRM(training=QUICK), snapshot=snapshot.folder)
    parts = [rows_of(snapshot, n, seed) for n, seed in ((400, 0), (100, 1), (100, 2))]
    first, again = (sub.fit(*parts[:2], 5).predict(parts[2]) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def grown():
    """The graph with a fresh edge of user 100 and a new user, 139, who saw item 3."""
    src, dst = edges()
    missing = next(i for i in range(20) if i not in dst[src == 100])
    return np.append(src, [100, 139]), np.append(dst, [missing, 3])


def own_vectors(snapshot, graph):
    """Of the encoder class itself: node type → id → vector, over another graph."""
    encoder, view = snapshot.embeddings().encoder, view_of(snapshot).build(graph)
    rows, ids = [], {t: graph.vocabularies[t].ids.to_pylist() for t in ("user", "item")}
    for node_type, table in zip(
        ids, encoder.table.detach().split(list(encoder.counts.values())), strict=True
    ):
        row = {one: r for r, one in enumerate(snapshot.vectors(node_type).ids.to_pylist())}
        rows += [table[row[i]] if i in row else torch.zeros(6) for i in ids[node_type]]
    own = LightPropagationNetwork(encoder.settings, view, torch.stack(rows))
    return {t: dict(zip(ids[t], vectors.detach().numpy(), strict=True)) for t, vectors in own().items()}


def test_a_node_with_a_fresh_edge_gets_the_encoders_own_vector(snapshots, tmp_path):
    """Inside the ranker: of known nodes and of a new one, and the scores follow; saved, it stays so."""
    snapshot = snapshots["light_propagation"]
    sub = SubModel(ranker=WideDeep(training=QUICK), snapshot=snapshot.folder, tuning=FineTuning(after=9))
    fitted = sub.fit(rows_of(snapshot, 600, 0), rows_of(snapshot, 200, 1), 0)
    test = rows_of(snapshot, 400, 2)
    before, held = fitted.predict(test), [table.clone() for table in fitted.model.sub.tables()]
    graph = graph_of(*grown())
    fitted.observe(graph, view_of(snapshot))
    expected = own_vectors(snapshot, graph)
    tables = fitted.model.sub.tables()
    for side, node_type in enumerate(("user", "item")):
        ids = list(expected[node_type])
        rows = fitted.model.sub.index[side](torch.tensor(ids))
        assert (rows > 0).all()
        np.testing.assert_allclose(
            tables[side][rows].detach(), np.stack(list(expected[node_type].values())), atol=1e-6
        )
    user = int(fitted.model.sub.index[0](torch.tensor([100])))
    assert (tables[0][user] - held[0][user]).norm() > 0.02 * held[0][user].norm()
    after, users = fitted.predict(test), test.of(Category)[0].key
    for fresh in (100, 139):
        assert np.abs(after - before)[users == fresh].max() > 1e-5
    strangers = (users < 100) & (test.of(Category)[1].key >= 20)
    assert strangers.sum() > 3
    np.testing.assert_array_equal(after[strangers], before[strangers])
    fitted.save(tmp_path)
    np.testing.assert_array_equal(FittedRanker.load(tmp_path).predict(test), after)


def test_a_lookup_sees_no_edges(fitted, snapshots):
    test = rows_of(snapshots["lookup"], 100, 2)
    before = fitted["lookup"].predict(test)
    fitted["lookup"].observe(graph_of(*grown()), view_of(snapshots["lookup"]))
    np.testing.assert_array_equal(fitted["lookup"].predict(test), before)


@every_encoder
def test_saved_it_needs_no_snapshot(kind, tmp_path):
    snapshot = make_snapshot(tmp_path / "run", kind)
    train, watched, test = (rows_of(snapshot, n, seed) for n, seed in ((300, 0), (100, 1), (100, 2)))
    sub = SubModel(ranker=DLRM(training=QUICK), snapshot=snapshot.folder, tuning=FineTuning(after=0))
    fitted = sub.fit(train, watched, 0)
    fitted.save(tmp_path)
    shutil.rmtree(tmp_path / "run")
    np.testing.assert_array_equal(FittedRanker.load(tmp_path).predict(test), fitted.predict(test))


@every_encoder
def test_exported_whole(kind, fitted, snapshots, tmp_path):
    """Read back, it scores as before, any number of rows; and with other edges as the encoder there does."""
    path = tmp_path / "ranker.pt2"
    export_program(fitted[kind], path, rows_of(snapshots[kind], 8, 3))
    program = torch.export.load(path).module()
    for n in (2, 8, 77):
        test = rows_of(snapshots[kind], n, 4)
        got = program(**program_arguments(fitted[kind], test))
        np.testing.assert_allclose(got.detach(), fitted[kind].predict(test), atol=1e-6)


def test_an_exported_program_takes_fresh_edges(snapshots, tmp_path):
    snapshot = snapshots["light_propagation"]
    sub = SubModel(ranker=WideDeep(training=QUICK), snapshot=snapshot.folder, tuning=None)
    fitted = sub.fit(rows_of(snapshot, 600, 0), rows_of(snapshot, 200, 1), 0)
    export_program(fitted, tmp_path / "ranker.pt2", rows_of(snapshot, 8, 3))
    program = torch.export.load(tmp_path / "ranker.pt2").module()
    test = rows_of(snapshot, 50, 4)
    before = fitted.predict(test)
    src, dst = grown()
    fitted.observe(graph_of(src[:-1], dst[:-1]), view_of(snapshot))  # nodes are as before
    after = fitted.predict(test)
    got = program(**program_arguments(fitted, test))
    assert np.abs(after - before).max() > 1e-5
    np.testing.assert_allclose(got.detach(), after, atol=1e-6)


def test_what_does_not_fit_is_refused(snapshots, tmp_path):
    snapshot = snapshots["lookup"]
    train, watched = rows_of(snapshot, 100, 0), rows_of(snapshot, 50, 1)

    def fit(change=lambda inputs: inputs, **settings):
        sub = SubModel(**{"ranker": WideDeep(training=QUICK), "snapshot": snapshot.folder} | settings)
        return sub.fit(change(train), change(watched), 0)

    with pytest.raises(ValueError, match="fine_tuned"):
        SubModel(ranker=WideDeep(pretrained=FineTuned()), snapshot=snapshot.folder)
    with pytest.raises(ConfigError, match=r"no vector fields \['other'\]"):
        fit(fields=("other",))
    with pytest.raises(CompatibilityError, match="the encoder of"):
        fit(node_types={"user": "author", "item": "item"})

    def each(of, make):
        return lambda inputs: replace(
            inputs, fields=tuple(make(f) if isinstance(f, of) else f for f in inputs.fields)
        )

    with pytest.raises(ConfigError, match="no id of the user with keys"):
        fit(each(Category, lambda f: replace(f, key=None)))
    with pytest.raises(CompatibilityError, match="has dim 5"):
        fit(each(Vector, lambda f: replace(f, table=f.table[:, :5])))
    shutil.copytree(snapshot.folder, tmp_path / "closed")
    with pytest.raises(ConfigError, match="has no encoder"):
        fit(snapshot=_without_encoder(tmp_path / "closed"))


def _without_encoder(folder):
    """A snapshot of a closed form in its place."""
    from embedding_features.artifact import write_snapshot
    from embedding_features.methods import make

    shutil.rmtree(folder)
    return write_snapshot(make("spectral", dim=6).fit(graph_of(*edges()), seed=0), folder.parent).folder


def test_rows_of_the_encoders_past_are_left_out():
    labels = label_table([1, 1, 1, 1], [1, 2, 3, 4], [1, 5, 5.5, 9], [1, 1, 0, 1])
    assert later_rows(labels, np.array([0, 1, 2, 3]), moment(5)).tolist() == [2, 3]
