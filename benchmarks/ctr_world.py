"""Reads MovieLens-1M in its published CTR split, and makes features that know no later moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.harness import data_root
from embedding_features.arrays import F32, I64, AnyArray, Bool, positions_in_runs
from embedding_features.methods import make
from ranking.inputs.fields import Bag, Category, Number
from ranking.inputs.inputs import Field, Inputs
from ranking.log_features.crossfit import (
    JUDGED,
    Attribute,
    Fold,
    GraphScores,
    LabelPairs,
    Levels,
    Tastes,
    cross_fit,
    random_folds,
    time_blocks,
)

#: 2000-12-10 in seconds. Times are missing for many rows of label 0, the last of them of 2000-12-02: what
#: follows is whole, so blocks that begin here are not chosen by label.
SINCE = 976_406_400
BLOCKS = 8
FOLDS = 8

#: an attribute of more values is left to the graph
BROAD = 64


@dataclass(frozen=True)
class World:
    """Holds all labelled rows, in an order that says nothing.

    Attributes:
        parts: name of the published part → its rows.
        time: [n] seconds; 0, before all others, where it is missing. Says which training rows come before
            which, and is no feature.
        year: [items] of release.
    """

    pairs: LabelPairs
    label: F32
    parts: dict[str, I64]
    time: I64
    attributes: tuple[Attribute, ...]
    year: F32

    def cross_parts(self, how: str, seed: int) -> list[Fold]:
        """Return ``"time"`` blocks or ``"random"`` folds of the training rows."""
        train = np.zeros(len(self.pairs), np.bool_)
        train[self.parts["train"]] = True
        if how == "random":
            return random_folds(train, FOLDS, seed)
        return time_blocks(train, self.time, SINCE, BLOCKS)


def load(dataset: str) -> World:
    """Return the split; ids become rows of the side tables."""
    folder = data_root(dataset)
    users, items = (_query(f"SELECT * FROM '{folder}/{t}.parquet' ORDER BY 1") for t in ("users", "items"))
    rows = _query(
        f"""SELECT user_id, item_id, label, rechorus_ctr_split AS part, coalesce(timestamp, 0) AS time
        FROM '{folder}/ratings.parquet' WHERE rechorus_ctr_split IS NOT NULL ORDER BY user_id, item_id"""
    )
    ids = np.asarray(users["user_id"]), np.asarray(items["item_id"])
    at = [
        np.searchsorted(side, rows[key]).astype(np.int64)
        for side, key in zip(ids, ("user_id", "item_id"), strict=True)
    ]
    part = np.asarray(rows["part"]).astype(str)
    return World(
        pairs=LabelPairs(at[0], at[1], len(ids[0]), len(ids[1])),
        label=np.asarray(rows["label"], np.float32),
        parts={name: np.flatnonzero(part == name) for name in ("train", "val", "test")},
        time=np.asarray(rows["time"], np.int64),
        attributes=(*_user_attributes(users), *_item_attributes(folder, items)),
        year=np.asarray(np.ma.filled(items["year"], 1995), np.float32),
    )


def base_features(world: World, parts: Sequence[Fold]) -> dict[str, F32]:
    """Return levels and tastes: what labels say without a graph."""
    made: dict[str, F32] = {}
    broad = [attribute for attribute in world.attributes if attribute.values <= BROAD]
    for maker in (Levels(), Tastes(broad, Levels())):
        made |= cross_fit(world.pairs, world.label, parts, maker)
    return made


def graph_features(world: World, parts: Sequence[Fold], seed: int) -> dict[str, F32]:
    """Return scores by ``bpmf`` on the graph of likes, dislikes and attributes."""
    method = make("bpmf", relation=JUDGED, attributes=tuple(a.name for a in world.attributes))
    scores = GraphScores("bpmf", lambda graph, seed: method.fit(graph, seed=seed), world.attributes)
    return cross_fit(world.pairs, world.label, parts, scores, seed=seed)


def inputs(world: World, features: dict[str, F32], graph: dict[str, F32]) -> Inputs:
    """Return the inputs: ids, attributes and numbers as the base, graph features as ``dense``."""
    pairs = world.pairs
    fields: list[Field] = [
        Category("user_id", "base", "user", "user_id", _codes(pairs.user), pairs.users + 1, identity=True),
        Category("item_id", "base", "item", "item_id", _codes(pairs.item), pairs.items + 1, identity=True),
        Number("item_year", "base", world.year[pairs.item]),
    ]
    fields += [
        _attribute_field(world, attribute) for attribute in world.attributes if attribute.values <= BROAD
    ]
    fields += [Number(name, "base", _number(name, values)) for name, values in features.items()]
    fields += [Number(name, "dense", values) for name, values in graph.items()]
    return Inputs(world.label, tuple(fields))


def asked_rows(parts: Sequence[Fold], size: int) -> Bool:
    """Return [size] whether a row has features."""
    asked = np.zeros(size, np.bool_)
    for part in parts:
        asked[part.asked] = True
    return asked


def _query(sql: str) -> dict[str, AnyArray]:
    return duckdb.sql(sql).fetchnumpy()


def _codes(rows: I64) -> np.ndarray:
    return (rows + 1).astype(np.int32)


def _number(name: str, values: F32) -> F32:
    return np.log1p(values) if name.endswith("_events") else values


def _values(raw: AnyArray) -> I64:
    return np.unique(raw, return_inverse=True)[1].astype(np.int64)


def _user_attributes(users: dict[str, AnyArray]) -> list[Attribute]:
    rows = np.arange(len(users["user_id"]))
    names = ("gender", "age", "occupation")
    return [Attribute("user", name, rows, _values(np.asarray(users[name]).astype(str))) for name in names]


def _item_attributes(folder: Path, items: dict[str, AnyArray]) -> list[Attribute]:
    """Return genres, decade of release, and the graph's people, countries, languages and ratings."""
    pairs = [(row, genre) for row, text in enumerate(items["genres"]) for genre in str(text).split("|")]
    genre_rows, genres = (np.array(side) for side in zip(*pairs, strict=True))
    decade = np.ma.filled(items["year"], 1995) // 10
    facts = _query(
        f"""SELECT item_id, relation || ':' || tail AS fact FROM '{folder}/kg_mkr.parquet'
        JOIN '{folder}/item_entity_mkr.parquet' ON head = entity_id
        WHERE relation <> 'film.film.genre' ORDER BY ALL"""
    )
    fact_rows = np.searchsorted(np.asarray(items["item_id"]), facts["item_id"]).astype(np.int64)
    return [
        Attribute("item", "genre", genre_rows, _values(genres)),
        Attribute("item", "decade", np.arange(len(decade)), _values(decade)),
        Attribute("item", "fact", fact_rows, _values(np.asarray(facts["fact"]).astype(str))),
    ]


def _attribute_field(world: World, attribute: Attribute) -> Field:
    """Return the field of each row's user or item: a code where each has one value, else a bag."""
    side, pairs = attribute.side, world.pairs
    nodes, at = (pairs.users, pairs.user) if side == "user" else (pairs.items, pairs.item)
    order = np.lexsort((attribute.value, attribute.node))
    node, value = attribute.node[order], attribute.value[order]
    counts = np.bincount(node, minlength=nodes)
    codes = np.zeros((nodes, counts.max()), np.int32)
    codes[node, positions_in_runs(counts)] = value + 1
    name, size = f"{side}_{attribute.name}", attribute.values + 1
    if codes.shape[1] == 1:
        return Category(name, "base", side, name, codes[at, 0], size)
    weights = (codes > 0) / np.maximum(counts, 1)[:, None]
    return Bag(name, "base", side, name, codes[at], weights[at].astype(np.float32), size)
