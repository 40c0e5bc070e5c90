"""Variants: their names, what they hold, the grids that make them, and the arms they become."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from embedding_features.errors import ConfigError
from ranking.dataset.dataset import build_dataset
from ranking.experiment.arms import make_arm, select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.factors.features import GROUPS
from ranking.experiment.variants import DEFAULT_GRID, Block, Variant, expand
from ranking.inputs.field_specs import NumberSpec
from ranking.models import DLRM, LightGBM, WideDeep
from ranking.models.alignment import MMD
from ranking.task.labels import load_labels
from ranking.task.task import SideSpec, SideTable
from tests.ranking_data import SNAPSHOTS, graph_features, small_world, variant_of

TOY, ALS = GridContext(("toy",)), GridContext(("als",))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Features of two families, ``toy`` and ``other``; items are of the domains of their release."""
    folder = tmp_path_factory.mktemp("world")
    task = small_world(folder)
    pq.write_table(
        pa.table({"item_id": range(1, 21), "shop": ["books", "films"] * 10}), folder / "items.parquet"
    )
    table = SideTable(path=folder / "items.parquet", key="item_id", categorical=("shop",))
    item = SideSpec(node_type="item", column="item_id", table=table, domain="shop")
    task = task.model_copy(update={"item": item})
    labels = load_labels(task)
    first, second = graph_features(labels), graph_features(labels, seed=1)
    second = second.rename_columns([name.replace("toy", "other") for name in second.column_names])
    features = pa.table({**dict_of(first), **dict_of(second)})
    return build_dataset(task, labels, features, SNAPSHOTS)


def dict_of(table):
    return dict(zip(table.column_names, table.columns, strict=True))


def names(dataset, **settings):
    return {field.name for field in variant_of(dataset, **settings).fields}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "none"),
        ({"features": "dense"}, "dense"),
        ({"features": "dense", "whose": "item"}, "dense-item"),
        ({"features": "all", "method": "als"}, "als-all"),
        ({"features": "dense", "mode": "submodel"}, "dense-submodel"),
        ({"alignment": "mmd"}, "none-mmd"),
        (
            {"features": "tokens", "whose": "user", "method": "als", "alignment": "coral"},
            "als-tokens-user-coral",
        ),
    ],
)
def test_names(settings, name):
    assert Variant(**settings).name == name


@pytest.mark.parametrize(
    "settings",
    [
        {"whose": "user"},
        {"features": "counts", "method": "als"},
        {"features": "all", "mode": "submodel"},
        {"features": "dense", "mode": "submodel", "whose": "item"},
        {"features": "vectors"},
    ],
)
def test_variants_that_make_no_sense(settings):
    with pytest.raises(ValidationError):
        Variant(**settings)


def test_a_grid_is_every_combination_of_each_block_once():
    grid = (
        Block(features=("none", "dense")),
        Block(features=("dense", "tokens"), whose=("both", "user"), methods=("", "als")),
    )
    assert [variant.name for variant in expand(grid)] == [
        "none", "dense", "als-dense", "dense-user", "als-dense-user",
        "tokens", "als-tokens", "tokens-user", "als-tokens-user",
    ]  # fmt: skip
    with pytest.raises(ValidationError, match="nobody's in particular"):
        Block(features=("none", "dense"), whose=("user",))
    assert [variant.name for variant in expand(DEFAULT_GRID)] == list(GROUPS)


def test_each_rung_of_the_baseline_adds_to_the_one_before(dataset):
    ids, counts, none = (names(dataset, features=rung) for rung in ("ids", "counts", "none"))
    assert ids == {"user_id", "item_id", "user_age", "user_group", "item_shop"}
    assert {name.split("_")[1] for name in counts - ids} >= {"events", "mean", "smoothed", "idle"}
    assert none - counts == {"item_knn_seen", "item_knn_liked", "item_knn_knn"}
    assert ids < counts < none


def test_whose_and_which_method(dataset):
    none = names(dataset)
    both = names(dataset, features="dense") - none
    assert both == {"toy_user_vector", "toy_item_vector", "toy_dot", "toy_cosine"}
    assert names(dataset, features="dense", whose="user") - none == {"toy_user_vector"}
    assert names(dataset, features="dense", whose="item") - none == {"toy_item_vector"}
    other = names(dataset, features="dense", method="other") - none
    assert other == {name.replace("toy", "other") for name in both}
    near = names(dataset, features="neighbours", whose="item") - none
    assert near == {"toy_item_neighbours"} | {f"toy_item_neighbours_{f}" for f in ("seen", "liked", "knn")}
    assert names(dataset, features="tokens") - none == {
        f"toy_{side}_rq_tokens_{place}" for side in ("user", "item") for place in (0, 1)
    }
    every = names(dataset, features="all")
    assert every == none.union(
        *(names(dataset, features=f) for f in ("dense", "clusters", "tokens", "neighbours"))
    )


def test_inputs_and_encoders_of_a_variant_belong_together(dataset):
    inputs, encoders = select(dataset, Variant(features="tokens", whose="item"), TOY)
    assert [field.name for field in inputs.fields] == encoders.field_names()


def test_a_variant_without_a_field_of_its_own_is_refused(dataset):
    with pytest.raises(ConfigError, match="'als-dense' has no field of its own"):
        select(dataset, Variant(features="dense", method="als"), TOY)


def test_a_field_is_seen_by_its_group_family_and_side():
    field = NumberSpec(name="x", column="x", group="neighbours", family="als", whose="item")
    assert Variant(features="neighbours").sees(field, ALS)
    assert not Variant(features="neighbours").sees(field, TOY)
    assert not Variant(features="neighbours", whose="user").sees(field, ALS)
    assert not Variant(features="dense").sees(field, ALS)


def test_trees_without_anything_but_ids_are_left_out(dataset):
    bare = dataset.encoders.select(lambda f: getattr(f, "identity", False) or f.group != "base")
    arm = make_arm(type(dataset)(**{**vars(dataset), "encoders": bare}), Variant(features="ids"), TOY)
    assert arm.ranker(LightGBM()) is None
    assert arm.ranker(DLRM()) == DLRM()
    assert make_arm(dataset, Variant(features="ids"), TOY).ranker(LightGBM()) == LightGBM()


def test_an_aligned_arm(dataset):
    """Torch rankers only; domain 1 is the target's rows, whatever part they are of."""
    arm = make_arm(dataset, Variant(features="dense", alignment="mmd"), GridContext(("toy",), "films"))
    assert arm.ranker(LightGBM()) is None
    assert arm.ranker(WideDeep()).alignment == MMD()
    inputs = arm.inputs()
    films = np.array([name == "films" for name in dataset.domain.to_pylist()])
    np.testing.assert_array_equal(inputs.domain, films)
    assert 0 < films.mean() < 1
    arm.ranker(WideDeep()).fit(inputs.take(arm.parts["train"]), inputs.take(arm.parts["validation"]), 0)


def test_a_target_domain_must_be_there(dataset):
    with pytest.raises(ConfigError, match="aligns domains, and the task has none"):
        make_arm(dataset, Variant(alignment="mmd"), TOY)
    with pytest.raises(ConfigError, match=r"(?s)no row is of the domain 'songs'.*books, films"):
        make_arm(dataset, Variant(alignment="mmd"), GridContext(("toy",), "songs"))
