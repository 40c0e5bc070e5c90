"""A bundle's fresh figures need the pinned run, with what each of its recipes is made of."""

from types import SimpleNamespace

import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.derive import Clusters, derive
from embedding_features.errors import CompatibilityError
from embedding_features.fresh import FreshSeries
from ranking.bundle.fresh_pins import check_fresh_pins, make_fresh_pins
from tests.unit.derive.made_embeddings import embeddings


def published(snapshot):
    manifest = snapshot.manifest
    return SimpleNamespace(
        snapshot=snapshot, manifest=manifest, family="toy", version=1, as_of=manifest.as_of
    )


def pins_of(snapshot, *recipes, column="toy_user_fresh__pooled_liked"):
    series = FreshSeries.read([snapshot], "user", recipes, 20)
    return make_fresh_pins([column], [series], [published(snapshot)])


def test_a_run_with_all_parts_passes(tmp_path):
    whole = write_snapshot(derive(embeddings(), Clusters(k=4, top_k=1)), tmp_path)
    (pin,) = pins_of(whole, "pooled", "taste")
    assert (pin.recipes, pin.last, pin.other) == (("taste", "pooled"), 20, "item")
    check_fresh_pins([pin], [published(whole)])


def test_a_run_that_lacks_a_recipes_parts_is_named(tmp_path):
    """No clusters, as where the run was derived anew without them."""
    whole = write_snapshot(derive(embeddings(), Clusters(k=4, top_k=1)), tmp_path / "a")
    pins = pins_of(whole, "taste", "pooled", "mixture")
    bare = write_snapshot(embeddings(), tmp_path / "b")
    run = published(bare)
    run.manifest = whole.manifest
    with pytest.raises(CompatibilityError, match="not what mixture, taste is made of"):
        check_fresh_pins(pins, [run])
    with pytest.raises(CompatibilityError, match="has no such run"):
        check_fresh_pins(pins, [])


def test_columns_of_no_series_make_no_pin(tmp_path):
    bare = write_snapshot(embeddings(), tmp_path)
    assert pins_of(bare, "pooled", column="user_age") == ()
