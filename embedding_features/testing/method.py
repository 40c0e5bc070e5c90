"""Conformance tests of a method: what every method owes its users."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml

from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.config import config_hash
from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph import Graph
from embedding_features.methods import Method, Trained
from embedding_features.testing.graphs import AS_OF, FIRST_EDGE, clicks, weighted
from embedding_features.testing.method_case import node_tables, vectors_of
from embedding_features.testing.method_graphs import MethodGraphTests
from embedding_features.testing.method_relations import MethodRelationTests
from embedding_features.testing.method_runs import MethodRunTests
from embedding_features.testing.method_weights import MethodWeightTests


class MethodTests(MethodWeightTests, MethodRunTests, MethodGraphTests, MethodRelationTests):
    """Checks the whole contract of a method.

    Subclass it in a test module under a name that begins with ``Test``, and override :meth:`make`; pytest
    finds the tests. For a registered method take :class:`.RegisteredMethodTests`, which needs no override::

        class TestHalved(MethodTests):
            def make(self, **parameters: Any) -> Method:
                return halved(**{"dim": 8, "epochs": 6} | parameters)

    For values in failure messages, write ``pytest.register_assert_rewrite("embedding_features.testing")`` in
    your ``conftest.py``.
    """

    def test_the_composition_survives_json_and_yaml(self) -> None:
        """Check that a composition written and read back is the same, and has the same hash."""
        method = self.make()
        data = method.model_dump(mode="json")
        for again in (
            Method.model_validate_json(method.model_dump_json()),
            Method.model_validate(yaml.safe_load(yaml.safe_dump(data))),
        ):
            assert again == method
            assert type(again) is type(method)
            assert config_hash(again) == config_hash(method) == config_hash(json.loads(json.dumps(data)))
        assert config_hash(self.make(dim=9)) != config_hash(method)

    def test_the_composition_cannot_be_changed(self) -> None:
        """Check that the composition is frozen."""
        with pytest.raises(ValueError, match="frozen"):
            self.make().name = "other"  # type: ignore[misc]

    def test_tables_hold_exactly_the_nodes_with_edges_in_the_order_of_the_graph(self) -> None:
        """Check that there is a row for each node with an edge, in vocabulary order, and no other.

        Of an inductive method, all nodes have one.
        """
        relation, embeddings = clicks().relation(), self.fitted()
        for node_type, csr in (("user", relation.forward), ("item", relation.reverse)):
            table, vocabulary = embeddings.tables[node_type], clicks().vocabularies[node_type]
            rows = np.arange(len(vocabulary)) if self.inductive else np.flatnonzero(csr.degrees)
            assert table.ids.equals(vocabulary.decode(rows))
            assert len(np.flatnonzero(csr.degrees)) < table.catalogue == len(vocabulary)
            assert table.vectors.shape == (len(table.ids), 8)
        assert sorted(node_tables(embeddings)) == ["item", "user"]

    def test_vectors_are_finite_float32_and_differ(self) -> None:
        """Check that vectors are contiguous float32, finite, and nearly all different."""
        # who predicts the weights learns nothing where all are alike
        predicts = "values" in self.make().weight_uses
        learned = self.make().fit(weighted([1.0, 0.0, 2.0])) if predicts else self.fitted()
        for side in vectors_of(learned):
            assert side.dtype == np.float32
            assert side.flags.c_contiguous
            assert np.isfinite(side).all()
            assert len(np.unique(side, axis=0)) > 0.9 * len(side)

    @pytest.mark.parametrize("dim", [3, 10])
    def test_vectors_have_the_dim_asked_for(self, dim: int) -> None:
        """Check that ``dim`` is the width of the vectors, or, odd, is refused by who needs an even one."""
        method = self.make(dim=dim)
        if dim % 2 and isinstance(method, Trained) and method.tasks[0].scorer.kind in ("complex", "rotation"):
            with pytest.raises(ConfigError, match=f"dim = {dim} is odd"):
                method.fit(clicks())
            return
        assert {table.dim for table in method.fit(clicks()).tables.values()} == {dim}

    def test_provenance_is_complete(self) -> None:
        """Check that the embeddings say what made them, from which graph, and with which seed."""
        method, provenance = self.make(), self.fitted().provenance
        assert provenance.method == method.name
        assert provenance.config == method.model_dump(mode="json")
        assert provenance.metric == method.metric
        assert provenance.scorer
        assert provenance.as_of == AS_OF
        assert provenance.seed == 3
        assert provenance.graph_fingerprint == "f" * 64
        assert provenance.edges == {"saw": (900, FIRST_EDGE, FIRST_EDGE + timedelta(seconds=899))}
        assert provenance.figures["fit_seconds"] > 0
        assert all(isinstance(v, float) and np.isfinite(v) for v in provenance.figures.values())

    def test_an_unknown_relation_is_an_error_that_names_the_known(self) -> None:
        """Check the error for a relation that the graph lacks."""
        with pytest.raises(GraphError, match=r"'likes'.*\n.*saw"):
            self.over("likes").fit(clicks())

    def test_a_relation_within_one_node_type_is_refused(self) -> None:
        """Check the error for a relation that does not join two node types, of who needs two."""
        if self.takes_any or "features" in self.needs:
            pytest.skip("it takes one")
        graph = Graph.from_arrays(AS_OF, {("user", "knows", "user"): (np.array([1]), np.array([2]))})
        with pytest.raises(GraphError, match="'knows' joins 'user' with itself"):
            self.make().fit(graph)

    def test_string_ids_give_the_same_vectors(self) -> None:
        """Check that vectors do not depend on the type of the ids."""
        embeddings = self.make().fit(clicks(as_id=str), seed=3)
        assert embeddings.tables["item"].ids[0].as_py() == "1000"
        for one, same in zip(vectors_of(self.fitted()), vectors_of(embeddings), strict=True):
            np.testing.assert_array_equal(one, same)

    def test_a_relation_without_times_gives_the_same_vectors(self) -> None:
        """Check that vectors do not depend on the times of edges; a method that needs them must say so."""
        try:
            embeddings = self.make().fit(clicks(timed=False), seed=3)
        except GraphError as error:
            if "has no times" not in error.what:
                raise
            pytest.skip("it reads the order of events")
        assert embeddings.provenance.edges == {"saw": (900, None, None)}
        for one, same in zip(vectors_of(self.fitted()), vectors_of(embeddings), strict=True):
            np.testing.assert_array_equal(one, same)

    def test_an_exported_encoder_gives_the_tables(self, tmp_path: Path) -> None:
        """Check that the encoder, exported and loaded, gives the vectors of the tables to 1e-6."""
        embeddings = self.fitted()
        if embeddings.encoder is None:
            assert not isinstance(self.make(), Trained)
            pytest.skip("it has no encoder")
        export_encoder(embeddings.encoder, tmp_path)
        output = load_encoder(tmp_path)()
        for node_type, table in node_tables(embeddings).items():
            np.testing.assert_allclose(output[node_type].detach(), table.vectors, rtol=0, atol=1e-6)
