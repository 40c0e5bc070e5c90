"""Conformance tests of a method's runs: seeds, moments, checkpoints and warm starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders import BipartiteEncoder
from embedding_features.errors import CompatibilityError, ConfigError, TrainingError
from embedding_features.methods import Method, Trained
from embedding_features.methods.closed_form import ValuedClosedForm
from embedding_features.progress import Advance
from embedding_features.testing.graphs import AS_OF, build_from_log, clicks, grown_clicks
from embedding_features.testing.method_case import MethodCase, vectors_of
from embedding_features.training import Adam


class _Killed(Exception):  # noqa: N818
    """Stands for the end of the process."""


class _Killer:
    """A progress that counts its reports, and kills the run at one of them."""

    def __init__(self, last: int | None = None) -> None:
        self.reports, self.last = 0, last

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Yield a function that counts."""
        del name, total

        def advance(*_: object, **__: object) -> None:
            self.reports += 1
            if self.reports == self.last:
                raise _Killed

        yield advance


def _assert_same(one: Embeddings, other: Embeddings) -> None:
    for ours, theirs in zip(vectors_of(one), vectors_of(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


class MethodRunTests(MethodCase):
    """Checks what a fit depends on: the seed, the moment, the start, and nothing else."""

    def test_the_same_seed_gives_the_same_vectors(self) -> None:
        """Check that a fit is deterministic by its seed, to the last bit."""
        _assert_same(self.make().fit(clicks(), seed=3), self.fitted())

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
        _assert_same(embeddings, self.make().fit(build_from_log(tmp_path, with_future=False), seed=3))

    @pytest.mark.parametrize("moment", [0.2, 0.6, 0.95])
    def test_a_killed_run_resumes_and_ends_in_the_same_vectors(self, tmp_path: Path, moment: float) -> None:
        """Check that a run killed anywhere ends as one that was not, and goes on from its checkpoint."""
        watched = _Killer()
        self.make().fit(clicks(), seed=3, progress=watched)
        killer = _Killer(max(1, int(moment * watched.reports)))
        with pytest.raises(_Killed):
            self.make().fit(clicks(), seed=3, checkpoint=tmp_path, progress=killer)
        saved, again = any(tmp_path.iterdir()), _Killer()
        _assert_same(self.make().fit(clicks(), seed=3, checkpoint=tmp_path, progress=again), self.fitted())
        if saved:
            assert again.reports < watched.reports, "it began anew although there was a checkpoint"

    def test_a_checkpoint_of_another_run_is_refused(self, tmp_path: Path) -> None:
        """Check that a checkpoint is not resumed with another seed."""
        self.make().fit(clicks(), seed=3, checkpoint=tmp_path)
        if not any(tmp_path.iterdir()):
            pytest.skip("it keeps no checkpoints")
        with pytest.raises(TrainingError, match="another run"):
            self.make().fit(clicks(), seed=4, checkpoint=tmp_path)

    def test_a_warm_start_begins_at_the_rows_of_the_same_ids(self) -> None:
        """Check, by training of no effect, that nodes of both graphs start from the parameters they had."""
        method, first = self.make(), self.fitted()
        if not isinstance(method, Trained):
            again = method.fit(clicks(), seed=3, init=first)
            if isinstance(method, ValuedClosedForm):
                scores = [src @ dst.T for src, dst in (vectors_of(again), vectors_of(first))]
                np.testing.assert_allclose(scores[0], scores[1], atol=0.05)
            else:
                _assert_same(again, first)  # it has no start
            return
        still = _without_steps(method)
        warm, cold = (still.fit(grown_clicks(), seed=5, init=init) for init in (first, None))
        assert isinstance(first.encoder, BipartiteEncoder)
        for number, node_type in enumerate(first.encoder.node_types):
            old, new, fresh = (_parameters(e, number) for e in (first, warm, cold))
            before = {one: row for row, one in enumerate(first.tables[node_type].ids.to_pylist())}
            for row, one in enumerate(warm.tables[node_type].ids.to_pylist()):
                expected = old[before[one]] if one in before else fresh[row]
                np.testing.assert_array_equal(new[row], expected)

    def test_a_warm_start_of_another_dim_is_refused(self) -> None:
        """Check the error for a start of another dim."""
        method = self.make(dim=9)
        if not isinstance(method, Trained):
            pytest.skip("it has no start")
        with pytest.raises(CompatibilityError, match="init has dim 8, the method 9"):
            method.fit(clicks(), init=self.fitted())


def _without_steps(method: Trained) -> Method:
    """Return the method trained for one epoch at a learning rate of nothing."""
    update = {"optimizer": Adam(lr=1e-30), "epochs": 1}
    return method.model_copy(update={"training": method.training.model_copy(update=update)})


def _parameters(embeddings: Embeddings, side: int) -> np.ndarray:
    """Return [nodes, dim] the layer-0 parameters of sources (0) or destinations (1)."""
    encoder = embeddings.encoder
    assert isinstance(encoder, BipartiteEncoder)
    values: np.ndarray = (encoder.src, encoder.dst)[side].detach().numpy()
    return values
