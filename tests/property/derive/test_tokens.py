"""Tokens and clusters on random vectors: ranges, order, and equality with naive references."""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.artifact import Space
from embedding_features.derive import (
    Clusters,
    Codebook,
    CodebookSpec,
    ProductTokens,
    QuantileBins,
    ResidualTokens,
)
from tests.unit.derive.made_embeddings import table

#: small multiples of a quarter: many ties and duplicates, and every sum without rounding
values = st.integers(-20, 20).map(lambda i: i / 4)
vectors = st.tuples(st.integers(1, 40), st.sampled_from([2, 4, 6])).flatmap(
    lambda shape: hnp.arrays(np.float32, shape, elements=values)
)
specs = st.one_of(
    st.builds(ProductTokens, parts=st.sampled_from([1, 2]), codes=st.integers(1, 9)),
    st.builds(ResidualTokens, levels=st.integers(1, 3), codes=st.integers(1, 9)),
    st.builds(QuantileBins, bins=st.integers(2, 9), dims=st.sampled_from([None, 1, 2])),
)


def fit(spec: CodebookSpec, x: np.ndarray, metric: str = "dot") -> Codebook:
    space = Space(family="p", version=1, dim=x.shape[1], metric=metric, scorer="dot")
    return Codebook.fit(spec, table("item", x), space, seed=0)


def tokens(book: Codebook, x: np.ndarray) -> np.ndarray:
    (column,) = book.apply(x, book.space).values()
    assert column.null_count == 0
    return np.array(column.to_pylist(), np.int64)


@settings(max_examples=150, deadline=None)
@given(x=vectors, spec=specs, metric=st.sampled_from(["dot", "cosine", "l2"]))
def test_every_token_is_within_its_code_table(x: np.ndarray, spec: CodebookSpec, metric: str) -> None:
    codes = tokens(fit(spec, x, metric), x)
    if isinstance(spec, QuantileBins):
        shape, size = (len(x), spec.dims or x.shape[1]), spec.bins
    elif isinstance(spec, ProductTokens):
        shape, size = (len(x), spec.parts), spec.codes
    else:
        assert isinstance(spec, ResidualTokens)
        shape, size = (len(x), spec.levels), spec.codes
    assert codes.shape == shape
    assert codes.min() >= 0
    assert codes.max() < size


@settings(max_examples=100, deadline=None)
@given(x=vectors, spec=specs)
def test_equal_vectors_have_equal_tokens_alone_or_among_others(x: np.ndarray, spec: CodebookSpec) -> None:
    book = fit(spec, x)
    codes = tokens(book, x)
    _, first, group = np.unique(x, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(codes, codes[first][group.reshape(-1)])


@settings(max_examples=150, deadline=None)
@given(x=vectors, bins=st.integers(2, 9), data=st.data())
def test_bins_are_ordered_and_equal_the_naive_count(x: np.ndarray, bins: int, data: st.DataObject) -> None:
    """A bin is the number of edges strictly below the value, so it never falls as the value grows."""
    book = fit(QuantileBins(bins=bins), x)
    new = data.draw(hnp.arrays(np.float32, (10, x.shape[1]), elements=values))
    codes = tokens(book, new)
    for dim, edges in enumerate(book.arrays["edges"]):
        assert codes[:, dim].tolist() == [int((edges < value).sum()) for value in new[:, dim]]
        ordered = codes[np.argsort(new[:, dim], kind="stable"), dim]
        assert (np.diff(ordered) >= 0).all()
        at = [np.sort(x[:, dim])[int(np.ceil(len(x) * j / bins)) - 1] for j in range(1, bins)]
        np.testing.assert_array_equal(edges, at)


@settings(max_examples=100, deadline=None)
@given(x=vectors, levels=st.integers(1, 3), codes=st.integers(1, 9))
def test_each_residual_level_takes_a_nearest_centroid(x: np.ndarray, levels: int, codes: int) -> None:
    """Ties may go either way, so distances are compared, not codes."""
    book = fit(ResidualTokens(levels=levels, codes=codes), x)
    residual = x.astype(np.float64)
    for level, taken in enumerate(tokens(book, x).T):
        centroids = book.arrays[f"level_{level:03d}"].astype(np.float64)
        distances = ((residual[:, None] - centroids[None]) ** 2).sum(axis=2)
        np.testing.assert_allclose(distances[np.arange(len(x)), taken], distances.min(axis=1), atol=1e-4)
        residual = residual - centroids[taken]


@settings(max_examples=100, deadline=None)
@given(x=vectors, k=st.integers(1, 9), top=st.integers(1, 9), temperature=st.sampled_from([0.01, 1.0, 100.0]))
def test_clusters_are_distinct_near_first_and_weigh_one(
    x: np.ndarray, k: int, top: int, temperature: float
) -> None:
    book = fit(Clusters(k=k, top_k=min(k, top), temperature=temperature), x)
    columns = book.apply(x, book.space)
    ids, weights = (np.array(columns[c].to_pylist()) for c in ("cluster_ids", "cluster_weights"))
    clusters = min(k, len(np.unique(x, axis=0)))
    assert len(book.arrays["centroids"]) == clusters
    assert ids.shape == weights.shape == (len(x), min(k, top, clusters))
    assert all(len(set(row)) == len(row) for row in ids.tolist())
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert (np.diff(weights, axis=1) <= 0).all()
    centroids = book.arrays["centroids"].astype(np.float64)
    naive = np.sort(((x[:, None] - centroids[None]) ** 2).sum(axis=2), axis=1)[:, : ids.shape[1]]
    taken = ((x[:, None] - centroids[ids]) ** 2).sum(axis=2)
    np.testing.assert_allclose(taken, naive, atol=1e-4)
