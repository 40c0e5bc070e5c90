"""Every recipe gives a row what plain rules give for its own earlier events, and a request the same."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from embedding_features.artifact import Snapshot
from embedding_features.encoders import SelfAttentionNetwork
from embedding_features.fresh import RECIPES, Events, NodeEvents
from embedding_features.fresh.history import DECAY_A_DAY
from embedding_features.fresh.medoids_kernel import MERGE_WITHIN
from embedding_features.graph.sequences import Windows
from tests.property.fresh.worlds import DAY, ITEMS, USERS, counted, figures, log, series, snapshots

SEEDS, COUNTS = st.integers(0, 10_000), st.integers(0, 60)


class Known:
    """What a snapshot says of items, by id."""

    def __init__(self, snapshot: Snapshot) -> None:
        table = snapshot.vectors("item")
        ids = table.ids.to_pylist()
        wide = table.vectors.astype(float)
        length = np.linalg.norm(wide, axis=1)
        self.unit = {i: v / n for i, v, n in zip(ids, wide, length, strict=True) if n > 0}
        self.place = {i: k for k, i in enumerate(ids)}
        values = snapshot.fold_ins()["user"]["values"]
        self.level = dict(zip(ids, (values.design @ values.prior_mean[0]).tolist(), strict=True))
        self.like = float(np.mean(list(self.level.values())))
        clusters = snapshot.table("item", "clusters")["cluster_ids"].to_pylist()
        tokens = snapshot.table("item", "tokens")["rq_tokens"].to_pylist()
        self.vectors = dict(zip(ids, wide, strict=True))
        self.network = cast(SelfAttentionNetwork, snapshot.encoder()).double()
        self.groups = {
            "clusters": {i: c[0] for i, c in zip(ids, clusters, strict=True)},
            "rq1": {i: t[0] for i, t in zip(ids, tokens, strict=True)},
            "rq2": {i: (t[0], t[1]) for i, t in zip(ids, tokens, strict=True)},
        }


def taste(known: Known, events: Events, row: int, mine: list[int]) -> dict[str, float]:
    item, out = events.other[row], {}
    for name, group in known.groups.items():
        left = [
            events.value[e] - known.level[events.other[e]]
            for e in mine
            if group.get(events.other[e], -1) == group.get(item)
        ]
        out[name] = sum(left) / (len(left) + 3) if item in group else np.nan
        if name == "clusters":
            out["clusters_events"] = len(left) if item in group else np.nan
    return out


def mixture(known: Known, events: Events, row: int, mine: list[int]) -> dict[str, float]:
    cluster, item = known.groups["clusters"], events.other[row]
    if item not in cluster:
        return {"share": np.nan}
    liked = [e for e in mine if events.other[e] in cluster and events.value[e] > known.like]
    same = [e for e in liked if cluster[events.other[e]] == cluster[item]]
    prior = sum(one == cluster[item] for one in cluster.values()) / len(cluster)
    return {"share": (len(same) + 3 * prior) / (len(liked) + 3)}


def ages(events: Events, row: int, mine: list[int]) -> list[float]:
    return [float(np.exp(-DECAY_A_DAY * (events.time[row] - events.time[e]) / DAY)) for e in mine]


def pooled(known: Known, events: Events, row: int, mine: list[int]) -> dict[str, object]:
    mine = [e for e in mine if events.other[e] in known.unit]
    candidate, out = known.unit.get(events.other[row]), {"vector": np.full(3, np.nan)}
    for name, liked in (("liked", True), ("disliked", False)):
        some = [e for e in mine if (events.value[e] > known.like) == liked]
        out[name] = np.nan
        if not some:
            continue
        mean = np.average(
            [known.unit[events.other[e]] for e in some], axis=0, weights=ages(events, row, some)
        )
        if liked:
            out["vector"] = mean
        if candidate is not None:
            out[name] = candidate @ mean / np.linalg.norm(mean)
    return out


def medoids(known: Known, events: Events, row: int, mine: list[int]) -> dict[str, float]:
    liked = [e for e in mine if events.other[e] in known.unit and events.value[e] > known.like]
    liked.sort(key=lambda e: (events.time[e], known.place[events.other[e]]))
    candidate = known.unit.get(events.other[row])
    if not liked or candidate is None:
        return {"nearest": np.nan, "weighted": np.nan}
    unit, weight = np.array([known.unit[events.other[e]] for e in liked]), np.array(ages(events, row, liked))
    cluster = fcluster(linkage(unit, "ward"), MERGE_WITHIN, "distance") if len(liked) > 1 else np.array([1])
    found = []
    for one in set(cluster.tolist()):
        members = np.flatnonzero(cluster == one)
        cost = [np.sum((unit[members] - unit[k]) ** 2) for k in members]
        nearest = [k for k, c in zip(members, cost, strict=True) if c <= min(cost) + 1e-6]
        found.append((-round(weight[members].sum(), 12), nearest[-1]))
    best = sorted(found)[:3]
    near = np.array([candidate @ unit[k] for _, k in best])
    return {"nearest": near.max(), "weighted": np.average(near, weights=[-w for w, _ in best])}


def encoder(known: Known, events: Events, row: int, mine: list[int]) -> dict[str, object]:
    liked = [e for e in mine if events.value[e] > known.like]
    liked.sort(key=lambda e: (events.time[e], known.place[events.other[e]]))
    items = np.array([[USERS + known.place[events.other[e]] for e in liked]], np.int64)
    windows = Windows(items, np.zeros_like(items), np.array([events.time[liked]]))
    vector = np.zeros(3)
    if liked:
        made = known.network.of_histories(windows, torch.tensor([-1])) @ known.network.rotation
        vector = made[0].detach().numpy()
    candidate = known.vectors.get(events.other[row], np.full(3, np.nan))
    return {"vector": vector, "score": vector @ candidate, "events": len(liked)}


NAIVE: dict[str, Callable[..., dict[str, object]]] = {
    "taste": taste, "pooled": pooled, "mixture": mixture, "medoids": medoids, "encoder": encoder,
}  # fmt: skip


def test_every_recipe_has_a_reference() -> None:
    """That of ``fold_in`` is in a file of its own."""
    assert set(NAIVE) | {"fold_in"} == set(RECIPES)


@pytest.mark.parametrize("recipe", NAIVE)
@given(seed=SEEDS, n=COUNTS, last=st.sampled_from([1, 4, 1000]))
@settings(max_examples=40, deadline=None)
def test_a_log_is_told_as_one_row_after_another(recipe: str, seed: int, n: int, last: int) -> None:
    events, all_known = log(seed, n), [Known(one) for one in snapshots()]
    moments = [int(one.manifest.as_of.timestamp()) * 1_000_000 for one in snapshots()]
    found = figures(events, recipe, last)
    for row in range(n):
        before = np.flatnonzero(np.array(moments) < events.time[row])
        if not len(before):
            assert all(np.isnan(values[row]).all() for values in found.values())
            continue
        known = all_known[before[-1]]
        mine = [e for e in counted(events, row, last) if events.other[e] in known.place]
        expected = NAIVE[recipe](known, events, row, mine)
        assert {f"{recipe}_{name}" for name in expected} == set(found)
        for name, value in expected.items():
            np.testing.assert_allclose(
                found[f"{recipe}_{name}"][row], value, rtol=1e-5, atol=1e-6, err_msg=name
            )


@pytest.mark.parametrize("recipe", RECIPES)
@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_request_has_the_figures_of_a_log(recipe: str, seed: int) -> None:
    """Of every user and moment at once: all items asked of, with the events in another order."""
    events, rng = log(seed, 60), np.random.default_rng(seed)
    row = int(rng.integers(60))
    user, moment = events.node[row], events.time[row]
    asked = Events(
        np.append(events.node, np.full(ITEMS, user)),
        np.append(events.other, np.arange(ITEMS)),
        np.append(events.time, np.full(ITEMS, moment)),
        np.append(events.value, np.zeros(ITEMS)),
    )
    mine = rng.permutation(np.flatnonzero(events.node == user))
    history = NodeEvents(pa.array(events.other[mine]), events.value[mine], events.time[mine])
    request = series(7, recipe).request(int(user), history, np.arange(ITEMS), int(moment))
    for name, values in figures(asked, recipe, 7).items():
        expected = values[60:] if values.ndim == 1 else values[-1]
        np.testing.assert_allclose(request[name], expected, rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("recipe", RECIPES)
@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_order_numbering_and_later_events_make_no_difference(recipe: str, seed: int) -> None:
    """Rows shuffled, among them those of one moment; other codes of the items; everything later changed."""
    events, rng = log(seed, 50), np.random.default_rng(seed)
    shuffle, numbers = rng.permutation(50), rng.permutation(ITEMS)
    now = np.sort(events.time)[35]
    later = events.time >= now
    changed = Events(
        events.node[shuffle],
        np.argsort(numbers)[np.where(later, 1, events.other)[shuffle]],
        events.time[shuffle],
        np.where(later, 5.0, events.value)[shuffle],
    )
    found = figures(events, recipe, 6)
    again = series(6, recipe).rows(changed, pa.array(range(USERS + 1)), pa.array(numbers))
    alike = ((events.time < now) | (later & (events.time == now) & (events.other == 1)))[shuffle]
    for name, values in found.items():
        np.testing.assert_allclose(
            again[name][alike], values[shuffle][alike], rtol=1e-7, atol=1e-9, err_msg=name
        )


@pytest.mark.parametrize("recipe", RECIPES)
@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_an_event_that_comes_twice_counts_once(recipe: str, seed: int) -> None:
    events = log(seed, 40)
    twice = Events(*(np.tile(part, 2) for part in (events.node, events.other, events.time, events.value)))
    for name, values in figures(events, recipe).items():
        if name != "fold_in_skipped":
            again = figures(twice, recipe)[name]
            np.testing.assert_allclose(again[40:], values, rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("recipe", RECIPES)
def test_rows_that_are_not_wanted_have_no_figures(recipe: str) -> None:
    events = log(3, 60)
    wanted = np.arange(60) >= 40
    asked = Events(events.node, events.other, events.time, events.value, wanted)
    every = figures(events, recipe)
    for name, values in figures(asked, recipe).items():
        assert np.isnan(values[:40]).all()
        np.testing.assert_array_equal(values[40:], every[name][40:])


@pytest.mark.parametrize("recipe", RECIPES)
@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_rows_that_are_no_events_are_as_if_they_were_not_there(recipe: str, seed: int) -> None:
    """They ask, and nobody sees them: neither later rows nor those of their own node."""
    events = log(seed, 60)
    counted = np.random.default_rng(seed).random(60) < 0.6
    found = figures(Events(**vars(events) | {"counted": counted}), recipe, 6)
    alone = {name: values[counted] for name, values in vars(events).items() if values is not None}
    for name, values in figures(Events(**alone), recipe, 6).items():
        np.testing.assert_allclose(found[name][counted], values, rtol=1e-9, atol=1e-12, err_msg=name)
    row = int(np.flatnonzero(~counted)[0])
    kept = np.append(np.flatnonzero(counted), row)
    last = {name: values[kept] for name, values in vars(events).items() if values is not None}
    for name, values in figures(Events(**last), recipe, 6).items():
        np.testing.assert_allclose(found[name][row], values[-1], rtol=1e-9, atol=1e-12, err_msg=name)
