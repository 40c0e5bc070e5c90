"""What every registered method owes its users; a new method is checked by being registered."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embedding_features import methods as m
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.config import config_hash
from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph import Graph, Relation, Vocabulary

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = datetime(2025, 12, 1, tzinfo=UTC)
NAMES = list(m.methods())

pytestmark = pytest.mark.parametrize("name", NAMES)


def quick(name: str, dim: int = 8) -> m.Method:
    """The method at a size for tests."""
    known = m.get_method(name).parameters
    small = {"dim": dim, "epochs": 6, "batch_size": 256}
    return m.make(name, **{key: value for key, value in small.items() if key in known})


@cache
def clicks(as_id: Callable[[int], object] = int, timed: bool = True) -> Graph:
    """60 users and 50 items, some of each without any edge, and a relation no method was asked to read."""
    rng = np.random.default_rng(0)
    src, dst = rng.integers(5, 55, 900), rng.integers(0, 45, 900)
    vocabularies = {
        "user": Vocabulary.from_ids(pa.array([as_id(i) for i in range(60)])),
        "item": Vocabulary.from_ids(pa.array([as_id(1000 + i) for i in range(50)])),
    }
    start = int(FIRST.timestamp()) * 1_000_000
    time = start + np.arange(900, dtype=np.int64) * 1_000_000 if timed else None
    relation = Relation.from_edges("saw", "user", "item", src, dst, (60, 50), time=time)
    return Graph(AS_OF, vocabularies, {"saw": relation}, fingerprint="f" * 64)


@cache
def fitted(name: str) -> Embeddings:
    return quick(name).fit(clicks(), seed=3)


def vectors(embeddings: Embeddings) -> list[np.ndarray]:
    return [embeddings.tables[t].vectors for t in ("user", "item")]


def test_same_seed_same_vectors(name: str) -> None:
    for one, same in zip(vectors(fitted(name)), vectors(quick(name).fit(clicks(), seed=3)), strict=True):
        np.testing.assert_array_equal(one, same)


def test_another_seed_other_vectors(name: str) -> None:
    method = quick(name)
    if not isinstance(method, m.Trained):
        pytest.skip("a closed form may have one answer")
    for one, other in zip(vectors(fitted(name)), vectors(method.fit(clicks(), seed=4)), strict=True):
        assert np.abs(one - other).max() > 1e-3


def test_tables_hold_exactly_the_nodes_with_edges(name: str) -> None:
    relation = clicks().relation()
    for node_type, csr in (("user", relation.forward), ("item", relation.reverse)):
        table = fitted(name).tables[node_type]
        vocabulary = clicks().vocabularies[node_type]
        assert table.ids.equals(vocabulary.decode(np.flatnonzero(csr.degrees)))
        assert len(table.ids) < table.catalogue == len(vocabulary)
        assert table.vectors.shape == (len(table.ids), 8)
    assert sorted(fitted(name).tables) == ["item", "user"]


def test_vectors_are_finite_float32_and_differ(name: str) -> None:
    for side in vectors(fitted(name)):
        assert side.dtype == np.float32
        assert side.flags.c_contiguous
        assert np.isfinite(side).all()
        assert len(np.unique(side, axis=0)) > 0.9 * len(side)


def test_provenance_is_complete(name: str) -> None:
    method, provenance = quick(name), fitted(name).provenance
    assert provenance.method == method.name == name
    assert provenance.config == method.model_dump(mode="json")
    assert provenance.metric == m.get_method(name).metric
    assert provenance.scorer == "dot"
    assert provenance.as_of == AS_OF
    assert provenance.seed == 3
    assert provenance.graph_fingerprint == "f" * 64
    assert provenance.edges == {"saw": (900, FIRST, FIRST + timedelta(seconds=899))}
    assert provenance.figures["fit_seconds"] > 0
    assert all(isinstance(v, float) and np.isfinite(v) for v in provenance.figures.values())


def test_the_composition_survives_json(name: str) -> None:
    method = quick(name)
    again = m.Method.model_validate_json(method.model_dump_json())
    assert again == method
    assert type(again) is type(method)
    assert config_hash(again) == config_hash(method) == config_hash(json.loads(method.model_dump_json()))
    assert config_hash(quick(name, dim=9)) != config_hash(method)


def test_a_composition_cannot_be_changed(name: str) -> None:
    with pytest.raises(ValueError, match="frozen"):
        quick(name).name = "other"


def test_a_wrong_parameter_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"'{name}', parameter 'dimension'.*\n.*dim"):
        m.make(name, dimension=8)
    with pytest.raises(ConfigError, match=rf"'{name}'.*dim.*0"):
        m.make(name, dim=0)


def test_an_unknown_relation_is_an_error_that_names_the_known(name: str) -> None:
    with pytest.raises(GraphError, match=r"'likes'.*\n.*saw"):
        m.make(name, relation="likes").fit(clicks())


def test_it_is_documented(name: str) -> None:
    info = m.get_method(name)
    assert "(" in info.paper
    assert info.family
    assert info.exports
    assert "dim" in info.parameters


def test_string_ids_give_the_same_vectors(name: str) -> None:
    embeddings = quick(name).fit(clicks(as_id=str), seed=3)
    assert embeddings.tables["item"].ids[0].as_py() == "1000"
    for one, same in zip(vectors(fitted(name)), vectors(embeddings), strict=True):
        np.testing.assert_array_equal(one, same)


def test_a_relation_without_time_gives_the_same_vectors(name: str) -> None:
    embeddings = quick(name).fit(clicks(timed=False), seed=3)
    assert embeddings.provenance.edges == {"saw": (900, None, None)}
    for one, same in zip(vectors(fitted(name)), vectors(embeddings), strict=True):
        np.testing.assert_array_equal(one, same)


def test_repeated_edges_and_row_order_do_not_break_it(name: str) -> None:
    """A tiny graph with one pair repeated: two users, two items."""
    saw = (np.array([1, 1, 2, 2]), np.array([5, 5, 5, 6]))
    graph = Graph.from_arrays(AS_OF, {("user", "saw", "item"): saw})
    embeddings = quick(name, dim=2).fit(graph)
    assert [side.shape for side in vectors(embeddings)] == [(2, 2), (2, 2)]
    assert all(np.isfinite(side).all() for side in vectors(embeddings))


def test_the_fit_leaves_the_graph_alone(name: str) -> None:
    before = [a.copy() for a in (clicks().relation().forward.indices, clicks().relation().reverse.indices)]
    quick(name).fit(clicks())
    after = (clicks().relation().forward.indices, clicks().relation().reverse.indices)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def weighted(weight: np.ndarray) -> Graph:
    """The clicks, each pair once, pair p of weight ``weight[p % len(weight)]``."""
    plain = clicks().relation()
    pairs = plain.forward.merged("last")
    relation = Relation.from_edges(
        "saw",
        "user",
        "item",
        pairs.sources(),
        pairs.indices,
        (60, 50),
        weight=np.resize(np.asarray(weight, np.float32), pairs.edges),
        time=pairs.time,
    )
    return replace(clicks(), relations={"saw": relation})


def test_it_says_what_its_parts_do_with_weights(name: str) -> None:
    assert m.get_method(name).weights in quick(name).weight_uses


#: which cycles of weights each use takes
TAKEN = {
    "ignored": {"above 0"},
    "confidence": {"above 0", "some 0"},
    "signed": {"above 0", "dislikes", "all dislikes"},
}
CYCLES = {
    "above 0": [0.5, 2.0, 7.0],
    "some 0": [0.0, 1.0, 3.0],
    "all 0": [0.0],
    "dislikes": [1.0, -1.0, 2.0],
    "all dislikes": [-1.0],
    "both": [1.0, 0.0, -1.0, -2.0],
}


@pytest.mark.parametrize("case", CYCLES)
def test_weights_are_read_as_declared_or_refused_by_name_and_count(name: str, case: str) -> None:
    graph, use = weighted(CYCLES[case]), m.get_method(name).weights
    if case in TAKEN[use]:
        assert all(np.isfinite(side).all() for side in vectors(quick(name).fit(graph)))
        return
    weight = graph.relation().forward.weights()
    counts = {"negative": (weight < 0).sum() * (use != "signed"), "zero": (weight == 0).sum()}
    with pytest.raises(GraphError, match="relation 'saw' has ") as refusal:
        quick(name).fit(graph)
    said = str(refusal.value)
    assert all(f"{count} {what}" in said for what, count in counts.items() if count)
    assert f"among its {len(weight)} pairs" in said
    assert "filter" in refusal.value.fix
    assert ("bpmf" in refusal.value.fix) == bool(counts["negative"])


def test_weights_move_the_vectors_unless_they_are_ignored(name: str) -> None:
    """Signed weights of one sign are all likes: there a few dislikes move them."""
    use = m.get_method(name).weights
    cycle = [1.0, 1.0, -1.0] if use == "signed" else CYCLES["above 0"]
    one, other = (vectors(quick(name).fit(weighted(w), seed=3)) for w in ([1.0], cycle))
    same = all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert same == (use == "ignored")


def test_an_edge_taken_back_is_no_like(name: str) -> None:
    """A pair's weights are added up: 1 and −1 are 0, 2 and −1 are 1."""
    users, items = np.repeat(np.arange(6), 2), np.tile(np.arange(2), 6)
    src, dst = np.append(users, users[:1]), np.append(items, items[:1])
    for first, refused in ((1.0, m.get_method(name).weights != "confidence"), (2.0, False)):
        weight = np.array([first, *[1.0] * 11, -1.0], np.float32)
        relation = Relation.from_edges("saw", "user", "item", src, dst, (60, 50), weight=weight)
        graph = replace(clicks(), relations={"saw": relation})
        if refused:
            with pytest.raises(GraphError, match="1 zero weights among its 12 pairs"):
                quick(name, dim=2).fit(graph)
        else:
            quick(name, dim=2).fit(graph)


def test_an_exported_encoder_gives_the_tables(name: str, tmp_path: Path) -> None:
    embeddings = fitted(name)
    if embeddings.encoder is None:
        assert isinstance(quick(name), m.ClosedForm)
        return
    export_encoder(embeddings.encoder, tmp_path)
    output = load_encoder(tmp_path)()
    for node_type, table in embeddings.tables.items():
        np.testing.assert_allclose(output[node_type].detach().numpy(), table.vectors, rtol=0, atol=1e-6)
