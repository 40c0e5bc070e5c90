"""derive(): which tables and codebooks come of which embeddings, specs and earlier codebooks."""

import numpy as np
import pytest

from embedding_features.artifact import Space
from embedding_features.config import parse_config
from embedding_features.derive import (
    Clusters,
    DeriveSpec,
    Neighbours,
    ProductTokens,
    QuantileBins,
    ResidualTokens,
    derive,
    derive_recipe,
)
from embedding_features.errors import CompatibilityError, ConfigError, DataError
from tests.unit.derive.made_embeddings import embeddings, table

SPECS = (Clusters(k=8, top_k=2), ProductTokens(parts=2, codes=4), QuantileBins(bins=4), Neighbours(k=3))


def test_one_table_a_kind_and_node_type() -> None:
    features = derive(embeddings(), *SPECS)
    assert {key: t.column_names for key, t in features.tables.items()} == {
        (node_type, kind): [f"{node_type}_id", *columns]
        for node_type in ("user", "item")
        for kind, columns in {
            "clusters": ["cluster_ids", "cluster_weights"],
            "tokens": ["pq_tokens", "bin_tokens"],
            "neighbours": ["neighbour_ids", "neighbour_scores"],
        }.items()
    }
    assert features.space == Space(family="toy", version=1, dim=8, metric="dot", scorer="dot")
    assert [(b.node_type, b.spec.column) for b in features.codebooks] == [
        (t, c) for t in ("user", "item") for c in ("cluster_ids", "pq_tokens", "bin_tokens")
    ]


def test_the_same_arguments_give_the_same_tables_and_codebooks() -> None:
    first, second = derive(embeddings(), *SPECS, seed=3), derive(embeddings(), *SPECS, seed=3)
    assert [b.id for b in first.codebooks] == [b.id for b in second.codebooks]
    assert all(first.tables[key].equals(second.tables[key]) for key in first.tables)
    other = derive(embeddings(), *SPECS, seed=4)
    assert [b.id for b in other.codebooks] != [b.id for b in first.codebooks]


def test_codebooks_of_the_space_are_applied_not_refitted() -> None:
    before, later = derive(embeddings(seed=0), *SPECS), embeddings(seed=1)
    kept = derive(later, *SPECS, codebooks=before.codebooks)
    assert [b.id for b in kept.codebooks] == [b.id for b in before.codebooks]
    (book,) = (b for b in before.codebooks if (b.node_type, b.spec.column) == ("item", "pq_tokens"))
    expected = book.apply(later.tables["item"].vectors, before.space)["pq_tokens"]
    assert kept.tables["item", "tokens"].column("pq_tokens").combine_chunks().equals(expected)
    refitted = derive(later, *SPECS)
    assert not refitted.tables["item", "tokens"].equals(kept.tables["item", "tokens"])


def test_a_new_version_of_the_space_gets_new_codebooks() -> None:
    before = derive(embeddings(), *SPECS)
    space = before.space.model_copy(update={"version": 2})
    after = derive(embeddings(), *SPECS, space=space, codebooks=before.codebooks)
    assert all(book.space == space for book in after.codebooks)
    assert not {b.id for b in after.codebooks} & {b.id for b in before.codebooks}


def test_other_settings_in_the_same_space_are_refused() -> None:
    before = derive(embeddings(), Clusters(k=8))
    with pytest.raises(CompatibilityError, match=r"toy\.s1\.user\.cluster_ids\..*k=8.*asked for .*k=9"):
        derive(embeddings(), Clusters(k=9), codebooks=before.codebooks)


def test_neighbours_of_another_type() -> None:
    features = derive(embeddings(), Neighbours(k=2, target="item"))
    first = features.tables["user", "neighbours"].column("neighbour_ids")[0].as_py()
    assert all(isinstance(i, str) for i in first)
    with pytest.raises(ConfigError, match=r"neighbours of type 'tag'.*\n.*\['item', 'user'\]"):
        derive(embeddings(), Neighbours(target="tag"))


def test_two_derivations_of_one_column_are_refused() -> None:
    with pytest.raises(ConfigError, match="derived twice: quantile_bins"):
        derive(embeddings(), QuantileBins(bins=4), QuantileBins(bins=8))


def test_vectors_that_cannot_be_derived_from() -> None:
    with pytest.raises(DataError, match="no user vectors to learn cluster_ids from"):
        derive(embeddings({"user": table("user", np.empty((0, 4), np.float32))}), Clusters())
    vectors = np.ones((5, 4), np.float32)
    vectors[2, 1] = np.inf
    with pytest.raises(DataError, match="1 bin_tokens of user vectors hold NaN or infinity"):
        derive(embeddings({"user": table("user", vectors)}), QuantileBins())


def test_the_recipe_is_known_before_and_tells_inputs_apart() -> None:
    features = derive(embeddings(), *SPECS, seed=2)
    assert features.recipe == derive_recipe(*SPECS, seed=2)
    recipes = [features.recipe, derive_recipe(*SPECS), derive_recipe(*SPECS[1:], seed=2)]
    recipes.append(derive_recipe(*SPECS, codebooks=features.codebooks, seed=2))
    assert all(a != b for i, a in enumerate(recipes) for b in recipes[:i])


def test_a_job_writes_its_derivations_as_yaml_would() -> None:
    data = {"clusters": {"k": 64}, "tokens": [{"kind": "residual_tokens", "levels": 2}], "neighbours": None}
    spec = parse_config(data, DeriveSpec, "job.yaml")
    assert spec.derivations() == [Clusters(k=64), ResidualTokens(levels=2)]
    assert DeriveSpec.model_validate_json(spec.model_dump_json()) == spec
    assert [d.kind for d in DeriveSpec().derivations()] == [
        "clusters",
        "product_tokens",
        "residual_tokens",
        "quantile_bins",
        "neighbours",
    ]
    with pytest.raises(ConfigError, match="no TokenSpec of kind 'clusters'"):
        parse_config({"tokens": [{"kind": "clusters"}]}, DeriveSpec, "job.yaml")
