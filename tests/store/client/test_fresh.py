"""Fresh figures of a log and of the client are the same, to 1e-6, for every method and recipe."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

import embedding_features as ef
from embedding_features.artifact import write_snapshot
from embedding_features.derive import Clusters, ResidualTokens, derive
from embedding_features.errors import CompatibilityError, DataError, StoreError
from embedding_features.fresh import RECIPES, Events, FreshSeries
from embedding_features.methods import make
from embedding_features.space import HealthConfig, check_health
from embedding_features.store import list_published, materialize, publish
from embedding_features.testing.graphs import AS_OF, judged
from tests.store.builders import make_repo

#: vectors of few nodes and four dims have outliers
LENIENT = HealthConfig(max_norm_outliers=1)
MICROS = pa.timestamp("us", "UTC")
METHODS = {
    "als": {"dim": 4},
    "bpmf": {"dim": 4, "burn_in": 2, "draws": 2},
    "lightgcn": {"dim": 4, "epochs": 2},
    "mf_bpr": {"dim": 4, "epochs": 2},
    "spectral": {"dim": 4},
    "vbmf": {"dim": 4, "relation": "judged"},
    "youtube_dnn": {"dim": 4, "widths": (8,), "epochs": 2},
}


def recipes_of(name):
    """All recipes, of a method whose network reads histories; else all but that network's."""
    return tuple(one for one in RECIPES if one != "encoder" or name == "youtube_dnn")


def deployed(root, name, redis=""):
    """A repository with one published snapshot of a method, online, that keeps users' histories."""
    repo = make_repo(root / "repo", redis=redis)
    (repo / "embedding_features.yaml").write_text("events:\n  user: {of: item, keep: 50}\n")
    method = make(name, **{"relation": "saw"} | METHODS[name]).model_copy(update={"values": "judged"})
    features = derive(method.fit(judged(), seed=1), Clusters(k=4, top_k=2), ResidualTokens(levels=3, codes=4))
    made = write_snapshot(features, root / "runs", health=check_health(features).figures)
    publish(made.folder, repo, health=LENIENT)
    materialize(repo)
    return repo


def history(seed=0, count=30):
    """Events of one user that no snapshot knows, some with an item that none knows; several of one moment."""
    rng = np.random.default_rng(seed)
    minutes = np.sort(rng.integers(1, 12, count))
    times = [AS_OF + timedelta(minutes=int(m)) for m in minutes]
    return pa.table(
        {
            "user_id": pa.array(np.full(count, 777)),
            "item_id": pa.array(1000 + rng.integers(0, 48, count)),
            "value": pa.array(rng.integers(0, 2, count).astype(float)),
            "event_timestamp": pa.array(times, MICROS),
            "event_id": pa.array([f"e{k}" for k in range(count)]),
        }
    )


def of_log(repo, events, asked, at, recipes):
    """Figures of rows of a log at a moment, by the published snapshot."""
    (run,) = list_published(repo)
    series = FreshSeries.read([run.snapshot], "user", recipes)
    users = pa.array([777, 778])
    others = pa.concat_arrays([events["item_id"].combine_chunks(), asked]).dictionary_encode()
    n, m = len(events), len(asked)
    micros = pa.scalar(at, MICROS).value
    found = series.rows(
        Events(
            np.concatenate([np.zeros(n + m, np.int64), [1]]),
            np.append(others.indices.to_numpy(), 0).astype(np.int64),
            np.concatenate([events["event_timestamp"].cast(pa.int64()), np.full(m + 1, micros)]),
            np.concatenate([events["value"], np.zeros(m + 1)]),
        ),
        users,
        others.dictionary,
    )
    return {
        series.column(name): values[n : n + m] if values.ndim == 1 else values[n]
        for name, values in found.items()
    }


@pytest.mark.parametrize("name", METHODS)
def test_a_request_has_the_figures_of_a_log(name, tmp_path):
    repo, events, asked = deployed(tmp_path, name), history(), pa.array([1000, 1003, 1044, 5000])
    with ef.EmbeddingFeatures(repo) as client:
        client.push_events("user", events)
        for minute in (1, 6, 30):
            at = AS_OF + timedelta(minutes=minute)
            expected = of_log(repo, events, asked, at, recipes_of(name))
            for given in (None, events):
                found = client.fresh(777, asked, events=given, at=at, recipes=recipes_of(name))
                assert found.keys() == expected.keys()
                for column, values in expected.items():
                    np.testing.assert_allclose(found[column], values, rtol=1e-6, atol=1e-6, err_msg=column)


def test_over_redis_they_are_the_same(tmp_path, redis_address):
    repo, events, asked = deployed(tmp_path, "als", redis_address), history(), pa.array([1000, 1003])
    recipes = recipes_of("als")
    with ef.EmbeddingFeatures(repo) as client:
        client.push_events("user", events)
        at = AS_OF + timedelta(minutes=6)
        for column, values in of_log(repo, events, asked, at, recipes).items():
            found = client.fresh(777, asked, at=at, recipes=recipes)
            np.testing.assert_allclose(found[column], values, rtol=1e-6, atol=1e-6, err_msg=column)


def test_what_a_client_refuses(tmp_path):
    repo = deployed(tmp_path, "als")
    with ef.EmbeddingFeatures(repo) as client:
        with pytest.raises(StoreError, match="no vectors of user by other"):
            client.fresh(1, [1000], families=["other"])
        with pytest.raises(StoreError, match="not older than the moment"):
            client.fresh(1, [1000], at=AS_OF)
        with pytest.raises(DataError, match="has no zone"):
            client.fresh(1, [1000], at=AS_OF.replace(tzinfo=None))
        bad = history().set_column(2, "value", pa.array([np.nan] * 30))
        with pytest.raises(DataError, match="NaN"):
            client.fresh(1, [1000], events=bad)
        with pytest.raises(DataError, match="events without value"):
            client.fresh(1, [1000], events=history().drop_columns(["value"]))
        with pytest.raises(DataError, match="string"):
            client.fresh(1, ["a"])


def test_a_snapshot_of_before_fold_ins_is_named(tmp_path):
    repo = make_repo(tmp_path / "repo")
    fitted = make("als", dim=4, relation="saw").fit(judged())
    features = derive(replace(fitted, fold_ins={}), Clusters(k=4, top_k=2))
    made = write_snapshot(features, tmp_path / "runs", health=check_health(features).figures)
    publish(made.folder, repo, health=LENIENT)
    with ef.EmbeddingFeatures(repo) as client, pytest.raises(CompatibilityError, match="fold_in is made of"):
        client.fresh(1, [1000], events=history())
