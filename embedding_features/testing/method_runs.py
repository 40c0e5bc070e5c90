"""Conformance tests of a method's runs: seeds, moments, checkpoints and warm starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.errors import CompatibilityError, ConfigError, TrainingError
from embedding_features.methods import ClosedForm, Method, Trained
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
        """Check, by training of no effect, that nodes of both graphs start from the vectors they had."""
        method, first = self.make(), self.fitted()
        if not isinstance(method, Trained) or not _row_parameters(first):
            pytest.skip("it does not start from a row for each node by steps that can be left out")
        still = _without_steps(method)
        warm, cold = (still.fit(grown_clicks(), seed=5, init=init) for init in (first, None))
        for name in _row_parameters(first):
            for node_type, table in warm.tables.items():
                old, new, fresh = (_row_parameters(e)[name][node_type] for e in (first, warm, cold))
                before = {one: row for row, one in enumerate(first.tables[node_type].ids.to_pylist())}
                for row, one in enumerate(table.ids.to_pylist()):
                    expected = old[before[one]] if one in before else fresh[row]
                    np.testing.assert_array_equal(new[row], expected)

    def test_a_warm_start_on_the_same_graph_stays_near(self) -> None:
        """Check that scores after a start from a fit of the same graph are more like those than new ones."""
        method, first = self.make(), self.fitted()
        again = method.fit(clicks(), seed=4, init=first)
        cold = method.fit(clicks(), seed=4)
        before, warm, anew = (_scores(found) for found in (first, again, cold))
        if not has_start(method):
            np.testing.assert_array_equal(warm, anew)
            return
        if np.ptp(before) < 1e-3:  # who predicts weights that are all alike
            np.testing.assert_allclose(warm, before, atol=1e-3)
            return
        likeness = [np.corrcoef(before.ravel(), scores.ravel())[0, 1] for scores in (warm, anew)]
        assert likeness[0] > likeness[1] - 1e-3
        assert likeness[0] > 0.8

    def test_frozen_types_do_not_move_and_a_pull_keeps_vectors_near(self) -> None:
        """Check what a start is asked to hold fast, and that a method without that refuses."""
        method, first = self.make(), self.fitted()
        frozen = method.model_copy(update={"freeze": ("item",)})
        if not isinstance(method, Trained):
            with pytest.raises(ConfigError, match="freeze or previous_l2"):
                frozen.fit(clicks(), seed=4, init=first)
            return
        held = frozen.fit(clicks(), seed=4, init=first)
        for before, after in zip(_parameters_of(first, "item"), _parameters_of(held, "item"), strict=True):
            np.testing.assert_array_equal(before, after)
        pulled = method.model_copy(update={"previous_l2": 1e4}).fit(clicks(), seed=4, init=first)
        free = method.fit(clicks(), seed=4, init=first)
        assert _moved(first, pulled) < 0.5 * _moved(first, free)

    def test_a_warm_start_of_another_dim_is_refused(self) -> None:
        """Check the error for a start of another dim."""
        method = self.make(dim=9)
        if not has_start(method):
            pytest.skip("it has no start")
        with pytest.raises(CompatibilityError, match="dim"):
            method.fit(clicks(), init=self.fitted())


def has_start(method: Method) -> bool:
    """Return whether a method begins with what an earlier fit found."""
    return isinstance(method, Trained) or (isinstance(method, ClosedForm) and method.solver.has_start)


def _without_steps(method: Trained) -> Method:
    """Return the method trained for one epoch at a learning rate of nothing."""
    update = {"optimizer": Adam(lr=1e-30), "epochs": 1}
    return method.model_copy(update={"training": method.training.model_copy(update=update)})


def _row_parameters(embeddings: Embeddings) -> dict[str, dict[str, F32]]:
    """Return name → node type → [n, …] the parameters that have a row for each node."""
    network = embeddings.encoder
    if network is None:
        return {}
    return {
        name: {node_type: part.numpy() for node_type, part in network.by_type(parameter.detach()).items()}
        for name, parameter in network.row_parameters().items()
    }


def _parameters_of(embeddings: Embeddings, node_type: str) -> list[F32]:
    return [of_type[node_type] for of_type in _row_parameters(embeddings).values()]


def _moved(before: Embeddings, after: Embeddings) -> float:
    pairs = zip(_parameters_of(before, "user"), _parameters_of(after, "user"), strict=True)
    return float(np.mean([np.abs(a - b).mean() for a, b in pairs]))


def _scores(embeddings: Embeddings) -> F32:
    users, items = vectors_of(embeddings)
    return users @ items.T
