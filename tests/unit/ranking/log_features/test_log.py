"""The log as arrays."""

from ranking.dataset.dataset import build_dataset, encode_dataset
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.log_features.histories import Histories
from ranking.log_features.log import Log
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, label_table, small_world


def test_codes_stand_for_ids_in_their_first_order():
    labels = label_table(["b", "a", "b"], [7, 7, 3], [0, 1, 2], [1, 0, 1])
    log = Log.of(labels)
    assert len(log) == 3
    assert log.ids("user").to_pylist() == ["b", "a"]
    assert log.ids("item").to_pylist() == [7, 3]
    assert log.codes("user").tolist() == [0, 1, 0]
    assert log.codes("item").tolist() == [0, 0, 1]
    assert (log.time - log.time[0]).tolist() == [0, 3_600_000_000, 7_200_000_000]
    assert log.label.tolist() == [1, 0, 1]


def test_a_log_is_made_once():
    log = Log.of(label_table([1, 2], [1, 1], [0, 1], [1, 0]))
    assert Log.of(log) is log


def test_whoever_takes_labels_takes_their_log(tmp_path):
    task = small_world(tmp_path)
    labels = load_labels(task)
    log, features = Log.of(labels), graph_features(labels)
    histories = Histories(log, 4, SNAPSHOTS)
    assert histories.items(0, len(log)).equals(Histories(labels, 4, SNAPSHOTS).items(0, len(log)))
    expected = build_dataset(task, labels, features, SNAPSHOTS, histories=Histories(labels, 4, SNAPSHOTS))
    got = build_dataset(task, log, features, SNAPSHOTS, histories=histories)
    assert got.inputs.fingerprint() == expected.inputs.fingerprint()
    raw = RawColumns(task, log, find_graph_columns(task, features), SNAPSHOTS, histories)
    assert encode_dataset(raw, features).inputs.fingerprint() == expected.inputs.fingerprint()
