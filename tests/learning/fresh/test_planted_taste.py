"""Two groups of items and users who like one of them: figures of earlier events tell the next label."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.derive import Clusters, ResidualTokens, derive
from embedding_features.fresh import RECIPES, Events, FreshSeries
from embedding_features.fresh.regression import regress_likes, regress_values
from embedding_features.sources.moment import to_microseconds
from ranking.metrics.metrics import auc
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

USERS, ITEMS, EVENTS = 300, 100, 30
#: how often users like an item of their group, and one of the other
LIKED, OTHER = 0.9, 0.1


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Figures of the last 10 events of each user, whom no snapshot knows, and their labels."""
    rng = np.random.default_rng(0)
    group, taste = np.arange(ITEMS) % 2, rng.integers(0, 2, USERS)
    items = (np.eye(2)[group] + rng.normal(0, 0.15, (ITEMS, 2))).astype(np.float32)
    n = USERS * EVENTS
    user, time = np.repeat(np.arange(USERS), EVENTS), np.tile(np.arange(EVENTS), USERS)
    item = rng.integers(0, ITEMS, n)
    label = (rng.random(n) < np.where(group[item] == taste[user], LIKED, OTHER)).astype(float)
    values = regress_values("item", items, items[:40], user, item, label)
    fold_ins = {"user": {"own": regress_likes("item", items, items[:40]), "values": values}}
    tables = {"user": table("user", items[:40], -1 - np.arange(40)), "item": table("item", items)}
    specs = Clusters(k=2, top_k=1), ResidualTokens(levels=2, codes=2)
    features = derive(replace(embeddings(tables), fold_ins=fold_ins), *specs)
    snapshot = write_snapshot(features, tmp_path_factory.mktemp("runs"))
    events = Events(user, item, to_microseconds(AS_OF) + 1 + time, label, time >= EVENTS - 10)
    series = FreshSeries.read([snapshot], "user", tuple(RECIPES))
    figures = series.rows(events, pa.array(range(USERS)), pa.array(range(ITEMS)))
    return {name: values[events.wanted] for name, values in figures.items()}, label[events.wanted]


@pytest.mark.parametrize(
    "figure",
    ["fold_in_score", "taste_clusters", "taste_rq1", "pooled_liked", "mixture_share", "medoids_weighted"],
)
def test_a_figure_separates_the_groups(told, figure):
    """Whoever knows the taste itself has an AUC of 0.9."""
    figures, label = told
    assert 0.86 < auc(label, figures[figure]) < 0.93


def test_dislikes_point_to_the_other_group(told):
    figures, label = told
    assert 0.07 < auc(label, figures["pooled_disliked"]) < 0.14
