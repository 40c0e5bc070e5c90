"""The spec of a ranker's fields: YAML, its rules, and the fields of a task unless told otherwise."""

import hashlib

import numpy as np
import pytest
import yaml

from embedding_features.config import load_config
from embedding_features.errors import ConfigError
from ranking.dataset.dataset import build_dataset
from ranking.encoders.fitted import ENCODERS
from ranking.inputs.fields import Bag, Category, Number, Vector
from ranking.inputs.spec import RankerSpec
from ranking.task.labels import load_labels
from ranking.testing.planted import of_groups
from tests.paths import ROOT
from tests.ranking_data import SNAPSHOTS, graph_features, small_world

YAML = """
fields:
  - {kind: categorical, name: user_id, side: user, column: user_id, identity: true}
  - {kind: categorical, name: item_id, side: item, column: item_id, coding: {kind: hashing, buckets: 100}}
  - {kind: dense, name: age, column: user_age, default: 25}
  - {kind: dense, name: events, column: user_events, transform: log1p}
  - kind: multivalued
    name: genres
    side: item
    column: item_genres
    width: 1
    coding: {kind: vocabulary, min_count: 1, unknown: 3}
  - kind: multivalued
    name: near
    side: item
    column: toy_item_neighbours__neighbour_ids
    group: neighbours
    coding: {kind: shared, of: item_id}
  - {kind: vector, name: item_vector, side: item, column: toy_item_vector__vector, group: dense}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    task = small_world(tmp_path_factory.mktemp("world"))
    labels = load_labels(task)
    return task, labels, graph_features(labels)


def test_a_spec_of_ones_own(world, tmp_path):
    """Only the named fields, in their order, as they say."""
    (tmp_path / "spec.yaml").write_text(YAML)
    spec = load_config(tmp_path / "spec.yaml", RankerSpec)
    assert RankerSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.columns()[:4] == ["user_id", "item_id", "user_age", "user_events"]
    task, labels, features = world
    dataset = build_dataset(task, labels, features, SNAPSHOTS, spec=spec)
    inputs = dataset.inputs
    assert [f.name for f in inputs.fields] == [
        "user_id", "item_id", "age", "events", "genres", "near", "item_vector"
    ]  # fmt: skip
    item, near = inputs.fields[1], inputs.fields[5]
    assert (item.size, near.size, near.table) == (101, 101, "item_id")
    code = dict(zip(labels["item_id"].to_pylist(), item.codes.tolist(), strict=True))
    first = features["toy_item_neighbours__neighbour_ids"].to_pylist()[300][0]
    assert near.codes[300, 0] == code[first]
    assert inputs.fields[4].codes.shape == (400, 1)
    assert [f.name for f in of_groups(inputs, "base", "counts", "dense").fields][-1] == "item_vector"
    assert dataset.encoders.select(lambda f: f.group != "neighbours").spec.fields == (
        *spec.fields[:5],
        spec.fields[6],
    )


def test_the_spec_in_the_documentation(tmp_path):
    """It is read as it stands, and shows every kind but the one that data sets make themselves."""
    text = (ROOT / "docs/howto/ranker-inputs.md").read_text(encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(text.split("```yaml\n")[1].split("```")[0])
    spec = load_config(tmp_path / "spec.yaml", RankerSpec)
    assert {field.kind for field in spec.fields} == set(ENCODERS) - {"similarity"}


SEQUENCE = {"kind": "sequence", "name": "h", "column": "h", "coding": {"kind": "vocabulary"}}


def field(**settings):
    return {"kind": "categorical", "name": "c", "side": "user", "column": "c"} | settings


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([], "at least 1 item"),
        ([field(), field()], "named twice: c"),
        ([field(kind="dens")], "dens"),
        ([field(name="../c")], "not allowed"),
        ([field(colum="c")], "colum"),
        ([field(coding={"kind": "hashing", "buckets": 0})], "greater than or equal to 1"),
        ([field(coding={"kind": "vocabulary", "buckets": 3})], "buckets"),
        ([field(coding={"kind": "shared", "of": "item_id"})], "fields that have: none"),
        ([field(), field(name="d", coding={"kind": "shared", "of": "e"})], "codes of 'e'.*have: c"),
        ([SEQUENCE | {"candidate": "v"}], "candidate 'v' is no vector field"),
    ],
)
def test_specs_that_cannot_be(tmp_path, fields, says):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump({"fields": fields}))
    with pytest.raises(ConfigError, match=f"(?s)spec.yaml is not a valid RankerSpec.*{says}"):
        load_config(tmp_path / "spec.yaml", RankerSpec)


def test_groups_that_do_not_stand_alone(world):
    task, labels, features = world
    encoders = build_dataset(task, labels, features, SNAPSHOTS).encoders
    with pytest.raises(ConfigError, match=r"(?s)those fields alone.*shares the codes of 'user_id'"):
        encoders.select(lambda field: field.group == "neighbours")


#: of the fields as they were when each was made by a function of its own, before there were encoders
DIGEST = "53448271005150bbf8e4540005ff49b43f3035dbf82f30bcf175daa64089ba0c"
NUMBERS = {
    "user_events": (0, 1041.8243),
    "user_mean": (12, 148.5055),
    "user_smoothed": (0, 154.696),
    "user_residual": (0, 4.8795),
    "user_idle": (12, 609.3594),
    "item_events": (0, 860.2244),
    "item_mean": (20, 143.0301),
    "item_smoothed": (0, 154.0954),
    "item_residual": (0, 3.7114),
    "item_idle": (20, 737.0697),
    "global_mean": (0, 155.7405),
    "user_genres_mean": (0, 160.9884),
    "user_age": (0, 10218.0),
    "toy_user_neighbours_seen": (93, 457.0019),
    "toy_user_neighbours_liked": (116, 109.6725),
    "toy_user_neighbours_knn": (93, 7.0247),
    "toy_item_neighbours_seen": (116, 424.3608),
    "toy_item_neighbours_liked": (146, 98.6732),
    "toy_item_neighbours_knn": (116, 6.235),
    "item_knn_seen": (132, 667.4463),
    "item_knn_liked": (147, 105.1027),
    "item_knn_knn": (132, 8.5567),
    "toy_dot": (116, -53.9625),
    "toy_cosine": (116, -9.366),
}


def test_the_fields_of_a_task_are_what_they_were(world):
    """Codes, weights and vectors to the last bit; numbers, which hang on a logarithm's last bit, in sum."""
    task, labels, features = world
    digest, numbers = hashlib.sha256(), {}
    for field in build_dataset(task, labels, features, SNAPSHOTS).inputs.fields:
        keys = [k for k in ("group", "side", "table", "size", "identity", "place") if hasattr(field, k)]
        named = [getattr(field, k) for k in keys if not isinstance(field, Vector) or k != "table"]
        digest.update(repr((field.layout_name, field.name, *named)).encode())
        if isinstance(field, Number):
            values = field.values.astype(np.float64)
            numbers[field.name] = int(np.isnan(values).sum()), float(np.nansum(values))
        if isinstance(field, Category | Bag):
            digest.update(field.codes.tobytes())
        if isinstance(field, Bag):
            digest.update(field.weights.tobytes())
        if isinstance(field, Vector):
            digest.update(field.values.tobytes())
    assert numbers == {n: (nan, pytest.approx(total, abs=2e-3)) for n, (nan, total) in NUMBERS.items()}
    assert digest.hexdigest() == DIGEST
