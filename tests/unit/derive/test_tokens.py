"""Tokens: product quantization, residual quantization, quantile bins."""

import numpy as np
import pytest

from embedding_features.artifact import Space
from embedding_features.derive import Codebook, ProductTokens, QuantileBins, ResidualTokens
from embedding_features.errors import DataError
from tests.unit.derive.made_embeddings import table

DIM = 12
SPACE = Space(family="toy", version=1, dim=DIM, metric="dot", scorer="dot")


def vectors(n: int = 400, seed: int = 0) -> np.ndarray:
    """Correlated, of falling variance, as of an embedding."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, DIM)) @ np.diag(0.8 ** np.arange(DIM))).astype(np.float32)


def fitted(
    spec: ProductTokens | ResidualTokens | QuantileBins, x: np.ndarray, space: Space = SPACE
) -> Codebook:
    return Codebook.fit(spec, table("item", x), space, seed=0)


def tokens(book: Codebook, x: np.ndarray) -> np.ndarray:
    (column,) = book.apply(x, book.space).values()
    return np.array(column.to_pylist())


def test_residual_levels_encode_what_the_levels_before_left() -> None:
    """Greedy encoding of new vectors equals the naive loop."""
    book, new = fitted(ResidualTokens(levels=3, codes=16), vectors()), vectors(50, seed=1)
    expected = []
    for row in new:
        residual, code = row.copy(), []
        for level in range(3):
            centroids = book.arrays[f"level_{level:03d}"]
            code.append(int(((residual - centroids) ** 2).sum(axis=1).argmin()))
            residual = residual - centroids[code[-1]]
        expected.append(code)
    np.testing.assert_array_equal(tokens(book, new), expected)


def test_residual_error_falls_with_every_level() -> None:
    x = vectors()
    book = fitted(ResidualTokens(levels=5, codes=16), x)
    codes, rebuilt, errors = tokens(book, x), np.zeros_like(x), [float((x**2).sum())]
    for level in range(5):
        rebuilt += book.arrays[f"level_{level:03d}"][codes[:, level]]
        errors.append(float(((x - rebuilt) ** 2).sum()))
    shares = np.array(errors[1:]) / np.array(errors[:-1])
    assert (shares < 0.9).all(), shares
    assert errors[-1] < 0.2 * errors[0]


def test_residual_tokens_read_from_coarse_to_fine() -> None:
    """Planted: 4 far groups, each of 4 near ones. Level 0 is the group, both levels together the subgroup."""
    rng = np.random.default_rng(0)
    groups, offsets = np.eye(4, DIM) * 100, np.eye(DIM)[4:8] * 5
    x = np.concatenate([g + o + rng.normal(size=(30, DIM)) * 0.01 for g in groups for o in offsets])
    codes = tokens(fitted(ResidualTokens(levels=2, codes=4), x.astype(np.float32)), x.astype(np.float32))
    group = np.repeat(np.arange(4), 120)
    assert len(set(zip(group, codes[:, 0], strict=True))) == len(set(codes[:, 0])) == 4
    subgroup = np.repeat(np.arange(16), 30)
    assert len(set(zip(subgroup, codes[:, 0], codes[:, 1], strict=True))) == 16


def test_product_tokens_equal_the_naive_search_of_each_part() -> None:
    book, new = fitted(ProductTokens(parts=4, codes=8), vectors()), vectors(50, seed=1)
    expected = np.stack(
        [
            ((part[:, None] - book.arrays[f"part_{p:03d}"][None]) ** 2).sum(axis=2).argmin(axis=1)
            for p, part in enumerate(np.split(new, 4, axis=1))
        ],
        axis=1,
    )
    np.testing.assert_array_equal(tokens(book, new), expected)
    assert tokens(book, new).max() == 7


def test_product_parts_must_divide_the_dim() -> None:
    with pytest.raises(DataError, match="5 parts do not divide dim 12"):
        fitted(ProductTokens(parts=5), vectors())


def test_bins_by_hand() -> None:
    """Values 1 … 8 in 4 bins: edges 2, 4, 6; a bin is (edge below, edge above]."""
    x = np.zeros((8, DIM), np.float32)
    x[:, 0] = [5, 1, 8, 2, 7, 3, 6, 4]
    book = fitted(QuantileBins(bins=4, dims=2), x)
    np.testing.assert_array_equal(book.arrays["edges"], [[2, 4, 6], [0, 0, 0]])
    np.testing.assert_array_equal(tokens(book, x)[:, 0], [2, 0, 3, 0, 3, 1, 2, 1])
    assert tokens(book, x)[:, 1].tolist() == [0] * 8, "a constant dimension is bin 0"
    beyond = np.full((2, DIM), -99, np.float32)
    beyond[1] = 99
    np.testing.assert_array_equal(tokens(book, beyond), [[0, 0], [3, 3]])


def test_bins_are_equally_filled() -> None:
    x = vectors(800)
    codes = tokens(fitted(QuantileBins(bins=8), x), x)
    assert codes.shape == (800, DIM)
    for dim in range(DIM):
        assert np.bincount(codes[:, dim]).tolist() == [100] * 8


def test_tied_values_share_a_bin() -> None:
    """70 of 100 values are 0: three of the four bins collapse into one."""
    x = np.zeros((100, DIM), np.float32)
    x[:30, 0] = np.arange(1, 31)
    codes = tokens(fitted(QuantileBins(bins=4, dims=1), x), x)[:, 0]
    assert set(codes[30:]) == {0}
    assert set(codes[:30]) == {2, 3}


def test_more_bin_dims_than_there_are() -> None:
    with pytest.raises(DataError, match="dims 13 is above the dim 12"):
        fitted(QuantileBins(dims=13), vectors())


@pytest.mark.parametrize(
    "spec", [ProductTokens(parts=3, codes=8), ResidualTokens(levels=2, codes=8), QuantileBins(bins=4)]
)
def test_under_cosine_length_changes_no_token(spec: ProductTokens | ResidualTokens | QuantileBins) -> None:
    x = vectors()
    book = fitted(spec, x, SPACE.model_copy(update={"metric": "cosine"}))
    # Powers of two: scaling, and normalizing again, are without rounding.
    np.testing.assert_array_equal(tokens(book, x * np.float32(4)), tokens(book, x))
    book = fitted(spec, x)
    assert (tokens(book, x * np.float32(4)) != tokens(book, x)).any()


@pytest.mark.parametrize("spec", [ProductTokens(parts=3, codes=256), ResidualTokens(levels=3, codes=256)])
def test_fewer_vectors_than_codes(spec: ProductTokens | ResidualTokens) -> None:
    x = vectors(5)
    codes = tokens(fitted(spec, x), x)
    assert len(np.unique(codes, axis=0)) == 5
    assert codes.max() < 5
