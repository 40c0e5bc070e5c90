"""Conformance tests of methods that take any relations: several of them, also between nodes of one type."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.errors import GraphError
from embedding_features.methods import Trained
from embedding_features.testing.killed import fit_killed_and_resumed
from embedding_features.testing.method_case import MethodCase, node_tables
from embedding_features.testing.method_runs import assert_same
from embedding_features.testing.shop import ENDS, grown_shop, shop, shop_edges, shop_of
from embedding_features.testing.starts import (
    assert_frozen,
    assert_starts_by_id,
    row_parameters,
    without_steps,
)


class MethodRelationTests(MethodCase):
    """Checks a method on users who view and buy items and follow each other (:func:`.shop`)."""

    @pytest.fixture
    def several(self) -> Embeddings:
        """The method fitted on the shop; skips a method of one relation."""
        if not self.takes_any:
            pytest.skip("it takes one relation between two node types")
        return self.fitted(shop())

    def test_nodes_with_an_edge_of_any_relation_have_vectors(self, several: Embeddings) -> None:
        """Check the rows of all node types, in vocabulary order, and those of relations and reciprocals."""
        for node_type, table in node_tables(several).items():
            has = np.full(len(shop().vocabularies[node_type]), self.inductive)
            for r in shop().relations.values():
                for end, edges in ((r.src, r.forward), (r.dst, r.reverse)):
                    if end == node_type:
                        has |= edges.degrees > 0
            assert table.ids.equals(shop().vocabularies[node_type].decode(np.flatnonzero(has)))
            assert np.isfinite(table.vectors).all()
        assert sorted(node_tables(several)) == ["item", "user"]
        if RELATION in several.tables:
            names = several.tables[RELATION].ids.to_pylist()
            assert names == [*ENDS, *(f"~{name}" for name in ENDS)]
            assert len(np.unique(several.tables[RELATION].vectors, axis=0)) == len(names)

    @pytest.mark.usefixtures("several")
    def test_only_the_relations_asked_for_are_learned_from(self) -> None:
        """Check that other relations of the graph have no effect, and that the order asked for is kept."""
        asked = ("follows", "bought")
        fitted = self.over(*asked).fit(shop(), seed=3)
        alone = replace(shop(), relations={name: shop().relations[name] for name in asked})
        assert_same(fitted, self.over(*asked).fit(alone, seed=3))
        assert tuple(fitted.provenance.edges) == asked
        if RELATION in fitted.tables:
            assert fitted.tables[RELATION].ids.to_pylist()[:2] == list(asked)

    @pytest.mark.usefixtures("several")
    def test_a_relation_within_one_node_type_is_fitted_with_its_self_loops(self) -> None:
        """Check users who follow users, one of them themselves."""
        src, dst = shop_edges(shop())["follows"]
        looped = shop_of({"follows": (np.append(src, src[0]), np.append(dst, src[0]))})
        fitted = self.make().fit(looped, seed=3)
        assert list(node_tables(fitted)) == ["user"]
        assert np.isfinite(fitted.tables["user"].vectors).all()

    @pytest.mark.usefixtures("several")
    def test_an_empty_relation_is_passed_over_and_all_empty_ones_are_refused(self) -> None:
        """Check a graph with a relation without edges, and one with no edges at all."""
        none = (np.empty(0, np.int64), np.empty(0, np.int64))
        edges = shop_edges(shop())
        fitted = self.make().fit(shop_of({**edges, "viewed": none}), seed=3)
        assert all(np.isfinite(table.vectors).all() for table in fitted.tables.values())
        assert fitted.provenance.edges["viewed"] == (0, None, None)
        with pytest.raises(GraphError, match="no edges"):
            self.make().fit(shop_of(dict.fromkeys(edges, none)), seed=3)

    def test_repeated_edges_of_several_relations_change_nothing(self, several: Embeddings) -> None:
        """Check, of a method that ignores weights, that every pair stands for one like."""
        method = self.make()
        if set(method.weight_uses) != {"ignored"} or method.view.weights == "each":
            pytest.skip("it reads weights")
        twice = shop_of({n: (np.tile(s, 2), np.tile(d, 2)) for n, (s, d) in shop_edges(shop()).items()})
        assert_same(method.fit(twice, seed=3), several)

    def test_a_killed_run_on_several_relations_ends_in_the_same_vectors(
        self, several: Embeddings, tmp_path: Path
    ) -> None:
        """Check resuming, and with it the seed, where batches of several relations are mixed."""
        assert_same(fit_killed_and_resumed(self.make(), shop(), tmp_path, 0.6), several)

    def test_an_encoder_of_several_relations_gives_the_tables(
        self, several: Embeddings, tmp_path: Path
    ) -> None:
        """Check that the encoder, exported and loaded, gives the vectors of the nodes' tables."""
        if several.encoder is None:
            pytest.skip("it has no encoder")
        export_encoder(several.encoder, tmp_path)
        output = load_encoder(tmp_path)()
        for node_type, table in node_tables(several).items():
            np.testing.assert_allclose(output[node_type].detach(), table.vectors, rtol=0, atol=1e-6)

    def test_a_warm_start_finds_nodes_by_id_and_relations_by_name(self, several: Embeddings) -> None:
        """Check a later graph with new nodes of both types and with a new relation."""
        method = self.make()
        if not isinstance(method, Trained) or not row_parameters(several):
            pytest.skip("it does not start from a row for each node by steps that can be left out")
        still = without_steps(method)
        fits = (still.fit(grown_shop(), seed=5, init=init) for init in (several, None))
        assert_starts_by_id(several, *fits)

    def test_frozen_nodes_and_relations_stay_in_a_later_graph(self, several: Embeddings) -> None:
        """Check that users and relations stay while items move."""
        method = self.make()
        if not isinstance(method, Trained) or RELATION not in several.tables:
            pytest.skip("it has nothing of relations to freeze")
        held = method.model_copy(update={"freeze": ("user", RELATION)}).fit(shop(), seed=4, init=several)
        assert_frozen(several, held, "user")
        before, after = several.tables[RELATION].vectors, held.tables[RELATION].vectors
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-6)
        assert np.abs(held.tables["item"].vectors - several.tables["item"].vectors).max() > 1e-4

    def test_a_warm_start_goes_on_in_a_rotated_space(self, several: Embeddings) -> None:
        """Check that a start from aligned vectors publishes nodes and relations in the aligned space."""
        method = self.make()
        if not isinstance(method, Trained) or several.encoder is None:
            pytest.skip("it does not start from a network")
        compare = method.tasks[0].scorer.build(6, 8, torch.Generator())
        rotation = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(0))).Q
        if compare.rotated(rotation) is None:
            pytest.skip("its scorer follows no rotation")
        turned = _rotated(several, rotation.numpy())
        again = without_steps(method).fit(shop(), seed=5, init=turned)
        for name, table in turned.tables.items():
            np.testing.assert_allclose(again.tables[name].vectors, table.vectors, rtol=0, atol=1e-5)


def _rotated(embeddings: Embeddings, rotation: F32) -> Embeddings:
    """Return what an alignment makes of embeddings."""
    tables = {t: replace(table, vectors=table.vectors @ rotation) for t, table in embeddings.tables.items()}
    encoder = copy.deepcopy(embeddings.encoder)
    assert encoder is not None
    encoder.rotate(rotation)
    return replace(embeddings, tables=tables, encoder=encoder)
