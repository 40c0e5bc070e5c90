"""Fields of pretrained graph features: vectors, clusters, tokens, neighbours."""

from collections.abc import Callable, Sequence
from typing import Literal

import pyarrow as pa

from embedding_features.errors import DataError
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.arrow import flat_array, vector_dim
from ranking.inputs.field_specs import (
    AnyField,
    BagSpec,
    NumberSpec,
    SharedCoding,
    SimilaritySpec,
    TokensSpec,
    VectorSpec,
)
from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.neighbour_scores import NEIGHBOUR_FEATURES, neighbour_scores


def graph_specs(views: Sequence[GraphColumns], features: pa.Table) -> list[AnyField]:
    """The fields of some views, and how alike user and item are in each family that has vectors of both.

    Args:
        features: some rows with the views' columns, which tell the vectors' dims.

    Raises:
        DataError: when a view lacks a feature.
    """
    make: dict[str, Callable[[GraphColumns], list[AnyField]]] = {
        "vector": _vector,
        "clusters": _clusters,
        "tokens": _tokens,
        "neighbours": _neighbours,
    }
    fields = [field for view in views for field in make[view.kind](view)]
    return [*fields, *_similarities([v for v in views if v.kind == "vector"], features)]


def neighbour_columns(
    view: GraphColumns, met: EarlierEvents, start: int, features: pa.Table
) -> dict[str, pa.ChunkedArray]:
    """What the log says of the neighbours of the rows from ``start`` (:func:`neighbour_scores`)."""
    ids, scores = (
        flat_array(features[column_of(view, name)]) for name in ("neighbour_ids", "neighbour_scores")
    )
    scored = neighbour_scores(met, ids, scores, start)
    return {f"{view.prefix}_neighbours_{kind}": scored[kind] for kind in scored.column_names}


def column_of(view: GraphColumns, feature: str) -> str:
    """The column of a view's feature.

    Raises:
        DataError: when the view came without it.
    """
    if feature not in view.features:
        raise DataError(
            f"view {view.prefix}_{view.kind} came without {feature!r}",
            fix="ask the store for the whole view",
        )
    return view.features[feature]


def _vector(view: GraphColumns) -> list[AnyField]:
    column = column_of(view, "vector")
    name = f"{view.prefix}_vector"
    return [
        VectorSpec(
            name=name, group="dense", family=view.family, whose=view.side, side=view.side, column=column
        )
    ]


def _clusters(view: GraphColumns) -> list[AnyField]:
    return [
        BagSpec(
            name=f"{view.prefix}_clusters",
            group="clusters",
            family=view.family,
            whose=view.side,
            side=view.side,
            column=column_of(view, "cluster_ids"),
            weights=column_of(view, "cluster_weights"),
        )
    ]


def _tokens(view: GraphColumns) -> list[AnyField]:
    return [
        TokensSpec(
            name=f"{view.prefix}_{feature}",
            group="tokens",
            family=view.family,
            whose=view.side,
            side=view.side,
            column=view.features[feature],
            place=f"{view.family}_{feature}",
        )
        for feature in sorted(view.features)
    ]


def _neighbours(view: GraphColumns) -> list[AnyField]:
    """A bag of ids that shares the id's embedding, and what the log says of them."""
    name = f"{view.prefix}_neighbours"
    bag = BagSpec(
        name=name,
        group="neighbours",
        family=view.family,
        whose=view.side,
        side=view.side,
        column=column_of(view, "neighbour_ids"),
        weights=column_of(view, "neighbour_scores"),
        coding=SharedCoding(of=f"{view.side}_id"),
        identity=True,
    )
    scored = (f"{name}_{kind}" for kind in NEIGHBOUR_FEATURES)
    return [
        bag,
        *(
            NumberSpec(name=column, group="neighbours", family=view.family, whose=view.side, column=column)
            for column in scored
        ),
    ]


def _similarities(vectors: Sequence[GraphColumns], features: pa.Table) -> list[AnyField]:
    users = {view.family: column_of(view, "vector") for view in vectors if view.side == "user"}
    fields: list[AnyField] = []
    for view in vectors:
        user, item = users.get(view.family), column_of(view, "vector")
        if view.side == "user" or user is None:
            continue
        if vector_dim(features[user], user) != vector_dim(features[item], item):
            continue
        stem = f"{view.family}_" if view.family else ""
        measures: tuple[Literal["dot"], Literal["cosine"]] = ("dot", "cosine")
        fields += [
            SimilaritySpec(
                name=f"{stem}{measure}",
                group="dense",
                family=view.family,
                measure=measure,
                user=user,
                item=item,
            )
            for measure in measures
        ]
    return fields
