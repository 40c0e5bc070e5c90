"""Conformance tests of a method's runs: seeds, moments, checkpoints and warm starts."""

from pathlib import Path

import numpy as np
import pytest

from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.errors import CompatibilityError, ConfigError, TrainingError
from embedding_features.methods import Trained
from embedding_features.testing.graphs import AS_OF, build_from_log, clicks, grown_clicks
from embedding_features.testing.killed import fit_killed_and_resumed
from embedding_features.testing.method_case import MethodCase, vectors_of
from embedding_features.testing.starts import (
    assert_frozen,
    assert_starts_by_id,
    can_be_held,
    has_start,
    likeness,
    moved,
    pair_scores,
    row_parameters,
    without_steps,
)


def assert_same(one: Embeddings, other: Embeddings) -> None:
    """Check that two fits have the same tables, to the last bit."""
    assert list(one.tables) == list(other.tables)
    for node_type, table in one.tables.items():
        assert table.ids.equals(other.tables[node_type].ids)
        np.testing.assert_array_equal(table.vectors, other.tables[node_type].vectors)


class MethodRunTests(MethodCase):
    """Checks what a fit depends on: the seed, the moment, the start, and nothing else."""

    def test_the_same_seed_gives_the_same_vectors(self) -> None:
        """Check that a fit is deterministic by its seed, to the last bit."""
        assert_same(self.make().fit(clicks(), seed=3), self.fitted())

    def test_another_seed_gives_other_vectors(self) -> None:
        """Check that a trained method starts from its seed."""
        method = self.make()
        if not isinstance(method, Trained):
            pytest.skip("a closed form may have one answer")
        for one, other in zip(
            vectors_of(self.fitted()), vectors_of(method.fit(clicks(), seed=4)), strict=True
        ):
            assert np.abs(one - other).max() > 1e-3

    def test_a_seed_out_of_range_is_refused(self) -> None:
        """Check the error for a negative seed."""
        with pytest.raises(ConfigError, match="seed -1"):
            self.make().fit(clicks(), seed=-1)

    def test_no_edge_after_the_moment_is_used(self, tmp_path: Path) -> None:
        """Check that a log that goes on after ``as_of`` gives the same vectors as one that ends there."""
        embeddings = self.make().fit(build_from_log(tmp_path, with_future=True), seed=3)
        assert embeddings.provenance.as_of == AS_OF
        ((_, _, last),) = embeddings.provenance.edges.values()
        assert last is not None
        assert last <= AS_OF
        assert_same(embeddings, self.make().fit(build_from_log(tmp_path, with_future=False), seed=3))

    @pytest.mark.parametrize("moment", [0.2, 0.6, 0.95])
    def test_a_killed_run_resumes_and_ends_in_the_same_vectors(self, tmp_path: Path, moment: float) -> None:
        """Check that a run killed anywhere ends as one that was not, and goes on from its checkpoint."""
        assert_same(fit_killed_and_resumed(self.make(), clicks(), tmp_path, moment), self.fitted())

    def test_a_checkpoint_of_another_run_is_refused(self, tmp_path: Path) -> None:
        """Check that a checkpoint is not resumed with another seed."""
        self.make().fit(clicks(), seed=3, checkpoint=tmp_path)
        if not any(tmp_path.iterdir()):
            pytest.skip("it keeps no checkpoints")
        with pytest.raises(TrainingError, match="another run"):
            self.make().fit(clicks(), seed=4, checkpoint=tmp_path)

    def test_training_moves_every_parameter(self) -> None:
        """Check, of a trained method, that the loss reaches each row of each node and each relation."""
        method, trained = self.make(), self.fitted()
        if not isinstance(method, Trained):
            pytest.skip("a solver computes its vectors as it likes")
        start = without_steps(method).fit(clicks(), seed=3)
        assert start.encoder is not None
        assert trained.encoder is not None
        before = dict(start.encoder.named_parameters())
        for name, parameter in trained.encoder.named_parameters():
            changed = (parameter != before[name]).flatten(1 if name in row_parameters(start) else 0)
            assert bool(changed.any(-1).all()), name
        if RELATION in trained.tables:
            pairs = (found.tables[RELATION].vectors for found in (start, trained))
            assert np.not_equal(*pairs).any(axis=1).all()

    def test_a_warm_start_begins_at_the_rows_of_the_same_ids(self) -> None:
        """Check, by training of no effect, that nodes of both graphs start from the vectors they had."""
        method, first = self.make(), self.fitted()
        if not isinstance(method, Trained) or not row_parameters(first):
            pytest.skip("it does not start from a row for each node by steps that can be left out")
        still = without_steps(method)
        assert_starts_by_id(first, *(still.fit(grown_clicks(), seed=5, init=init) for init in (first, None)))

    def test_a_warm_start_on_the_same_graph_stays_near(self) -> None:
        """Check that scores after a start from a fit of the same graph are more like those than new ones."""
        method, first = self.make(), self.fitted()
        again = method.fit(clicks(), seed=4, init=first)
        cold = method.fit(clicks(), seed=4)
        if not has_start(method):
            assert_same(again, cold)
            return
        if np.ptp(pair_scores(first)) < 1e-3:  # who predicts weights that are all alike
            np.testing.assert_allclose(pair_scores(again), pair_scores(first), atol=1e-3)
            return
        assert likeness(first, again) > likeness(first, cold) - 1e-3
        assert likeness(first, again) > 0.6

    def test_frozen_types_do_not_move_and_a_pull_keeps_vectors_near(self) -> None:
        """Check what a start is asked to hold fast, and that a method without that refuses."""
        method, first = self.make(), self.fitted()
        frozen = method.model_copy(update={"freeze": ("item",)})
        if not can_be_held(method, first):
            with pytest.raises(ConfigError, match="freeze or previous_l2"):
                frozen.fit(clicks(), seed=4, init=first)
            return
        held = frozen.fit(clicks(), seed=4, init=first)
        assert_frozen(first, held, "item")
        if all(of_type["user"].any() for of_type in row_parameters(first).values()):
            assert moved(first, held) > 0  # users have parameters of their own
        pulled = method.model_copy(update={"previous_l2": 1e4}).fit(clicks(), seed=4, init=first)
        free = method.fit(clicks(), seed=4, init=first)
        assert moved(first, pulled) < 0.5 * moved(first, free)

    def test_frozen_relations_do_not_move(self) -> None:
        """Check that a start holds the vectors of relations fast, and that a method without any refuses."""
        method, first = self.make(), self.fitted()
        if not isinstance(method, Trained):
            pytest.skip("it refuses to freeze anything")
        frozen = method.model_copy(update={"freeze": (RELATION,)})
        if RELATION not in first.tables:
            with pytest.raises(ConfigError, match="no vectors of relations"):
                frozen.fit(clicks(), seed=4, init=first)
            return
        held = frozen.fit(clicks(), seed=4, init=first).tables[RELATION].vectors
        free = method.fit(clicks(), seed=4, init=first).tables[RELATION].vectors
        before = first.tables[RELATION].vectors
        np.testing.assert_allclose(held, before, rtol=0, atol=1e-6)
        assert np.abs(free - before).max() > 1e-4

    def test_a_warm_start_of_another_dim_is_refused(self) -> None:
        """Check the error for a start of another dim."""
        method = self.make(dim=10)
        if not has_start(method):
            pytest.skip("it has no start")
        with pytest.raises(CompatibilityError, match="dim"):
            method.fit(clicks(), init=self.fitted())
