"""The contract of rankers as tests: what every ranker must do, whoever wrote it."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from embedding_features.errors import DataError, TrainingError
from ranking.inputs.fields import Bag, Category, Number, Vector
from ranking.inputs.inputs import Field, Inputs
from ranking.metrics.metrics import auc
from ranking.models.base import FittedRanker, Ranker
from ranking.testing.planted import all_unknown, best_scores, of_groups, only, planted_inputs

Data = tuple[Inputs, Inputs, Inputs]
Fit = Callable[[Ranker], FittedRanker]

#: a ranker's class and settings → the fitted ranker
_FITTED: dict[str, FittedRanker] = {}


@cache
def _planted() -> Data:
    return planted_inputs(3000, 0), planted_inputs(800, 1), planted_inputs(1500, 2)


class RankerTests:
    """Tests that a ranker keeps its contract; a subclass names the ranker in a fixture.

    ::

        from ranking.testing.ranker import RankerTests


        class TestMyRanker(RankerTests):
            @pytest.fixture(params=[MyRanker(), MyRanker(depth=3)])
            def ranker(self, request):
                return request.param

    Give settings that learn from 3,000 rows in a few seconds.

    Attributes:
        margin: how far the ranker's AUC may stay below the best one on a planted cross of two fields; None
            for a ranker that is not meant to find crosses, such as a linear one.
        random: whether another seed gives other scores; set it to False for a ranker without randomness.
    """

    margin: float | None = 0.03
    random: bool = True

    @pytest.fixture
    def ranker(self) -> Ranker:
        """Return the ranker to test; override it."""
        raise NotImplementedError("override the fixture ranker")

    def brief(self, ranker: Ranker) -> Ranker:
        """Return the ranker with as little training as possible, for tests of anything but its quality."""
        return ranker

    @pytest.fixture
    def data(self) -> Data:
        """Return training, validation and test rows (:func:`.planted_inputs`)."""
        return _planted()

    @pytest.fixture
    def fitted(self, data: Data) -> Fit:
        """Return a function that fits a ranker on all fields with seed 0, once for all tests."""

        def fit(ranker: Ranker) -> FittedRanker:
            key = f"{type(ranker)} {ranker.model_dump_json()}"
            if key not in _FITTED:
                _FITTED[key] = ranker.fit(data[0], data[1], 0)
            return _FITTED[key]

        return fit

    def test_scores_are_probabilities(self, ranker: Ranker, data: Data, fitted: Fit) -> None:
        test = data[2]
        scores = fitted(ranker).predict(test)
        assert scores.dtype == np.float32
        assert scores.shape == (1500,)
        assert scores.min() >= 0
        assert scores.max() <= 1
        # calibrated on average
        assert scores.mean() == pytest.approx(test.label.mean(), abs=0.05)

    @pytest.mark.parametrize("group", ["tokens", "clusters", "dense"])
    def test_learns_a_cross_from_each_group(self, ranker: Ranker, group: str, data: Data) -> None:
        """Parity of two codes, or the sign of a product: within ``margin`` of the best AUC the rows allow."""
        if self.margin is None:
            pytest.skip("this ranker is not meant to find crosses")
        train, validation, test = (of_groups(part, "base", group) for part in data)
        scores = ranker.fit(train, validation, 0).predict(test)
        assert auc(test.label, scores) > auc(test.label, best_scores(test, group)) - self.margin

    @pytest.mark.parametrize("kind", [Category, Bag, Number])
    def test_fields_of_one_kind_alone_are_learned_from_without_a_warning(
        self, ranker: Ranker, kind: type[Field], data: Data
    ) -> None:
        """Without numbers, or without discrete fields, a network has layers over no columns."""
        ranker = self.brief(ranker)
        train, validation, test = (only(kind, part) for part in data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scores = ranker.fit(train, validation, 0).predict(test)
        assert np.isfinite(scores).all()
        assert scores.std() > 0

    def test_same_seed_same_scores(self, ranker: Ranker, data: Data, fitted: Fit) -> None:
        train, validation, test = data
        one = fitted(ranker).predict(test)
        two, other = (ranker.fit(train, validation, seed).predict(test) for seed in (0, 4))
        np.testing.assert_array_equal(one, two)
        assert not self.random or np.abs(one - other).max() > 1e-4

    def test_scores_do_not_depend_on_the_rows_beside(self, ranker: Ranker, data: Data, fitted: Fit) -> None:
        test, learned = data[2], fitted(ranker)
        rows = np.array([7, 1400, 7, 0])
        np.testing.assert_allclose(learned.predict(test.take(rows)), learned.predict(test)[rows], atol=1e-6)
        assert learned.predict(test.take(rows[:0])).shape == (0,)

    def test_labels_are_not_looked_at_when_scoring(self, ranker: Ranker, data: Data, fitted: Fit) -> None:
        test, learned = data[2], fitted(ranker)
        np.testing.assert_array_equal(
            learned.predict(replace(test, label=1 - test.label)), learned.predict(test)
        )

    def test_rows_of_which_nothing_is_known(self, ranker: Ranker, data: Data, fitted: Fit) -> None:
        """Unknown ids, missing vectors, NaN: one finite score for all."""
        scores = fitted(ranker).predict(all_unknown(data[2]))
        assert np.isfinite(scores).all()
        assert np.ptp(scores) < 1e-6
        assert 0.05 < scores[0] < 0.95

    def test_fields_that_are_missing_throughout_training(self, ranker: Ranker, data: Data) -> None:
        """A feature view from which nothing is joined yet must not break a ranker."""
        train, validation, test = data
        scores = ranker.fit(all_unknown(train), all_unknown(validation), 0).predict(test)
        assert np.isfinite(scores).all()

    @pytest.mark.parametrize("part", [0, 1], ids=["train", "validation"])
    @pytest.mark.parametrize("label", [0, 1])
    def test_labels_all_alike_are_refused(self, ranker: Ranker, part: int, label: float, data: Data) -> None:
        parts = list(data[:2])
        parts[part] = replace(parts[part], label=np.full_like(parts[part].label, label))
        with pytest.raises(TrainingError, match=f"{('training', 'validation')[part]} labels are all alike"):
            ranker.fit(parts[0], parts[1], 0)

    def test_labels_other_than_0_and_1_are_refused(self, ranker: Ranker, data: Data) -> None:
        train, validation, _ = data
        with pytest.raises(TrainingError, match="labels are"):
            ranker.fit(replace(train, label=train.label * 2), validation, 0)

    def test_inputs_of_another_variant_are_refused(self, ranker: Ranker, data: Data, fitted: Fit) -> None:
        train, validation, test = data
        with pytest.raises(DataError, match="user_clusters"):
            fitted(ranker).predict(of_groups(test, "base", "tokens"))
        with pytest.raises(DataError, match="different fields"):
            ranker.fit(of_groups(train, "base"), validation, 0)

    def test_settings_survive_json(self, ranker: Ranker) -> None:
        again = Ranker.model_validate_json(ranker.model_dump_json())
        assert again == ranker
        assert type(again) is type(ranker)

    def test_inputs_are_not_written_to(self, ranker: Ranker, data: Data) -> None:
        before = [part.fingerprint() for part in data]
        ranker.fit(data[0], data[1], 1).predict(data[2])
        assert [part.fingerprint() for part in data] == before

    def test_a_saved_ranker_scores_as_it_did(
        self, ranker: Ranker, data: Data, fitted: Fit, tmp_path: Path
    ) -> None:
        test, learned = data[2], fitted(ranker)
        learned.save(tmp_path)
        again = FittedRanker.load(tmp_path)
        assert again.ranker == ranker
        assert again.rounds == learned.rounds
        np.testing.assert_array_equal(again.predict(test), learned.predict(test))
        with pytest.raises(DataError, match="user_clusters"):
            again.predict(of_groups(test, "base", "tokens"))
        assert not [path for path in tmp_path.iterdir() if path.suffix in (".pkl", ".pt", ".bin")]

    def test_a_damaged_folder_is_refused(self, ranker: Ranker, fitted: Fit, tmp_path: Path) -> None:
        """Each file gone, cut in half, or another's: an error that says so, and no half-loaded ranker."""
        fitted(ranker).save(tmp_path)
        for path in sorted(tmp_path.iterdir()):
            whole = path.read_bytes()
            for broken in (None, whole[: len(whole) // 2], b"{}"):
                path.unlink()
                if broken is not None:
                    path.write_bytes(broken)
                with pytest.raises(DataError, match=r"no ranker in|is missing|is damaged|are damaged"):
                    FittedRanker.load(tmp_path)
                path.write_bytes(whole)
        FittedRanker.load(tmp_path)

    def test_vectors_may_come_in_another_table(self, ranker: Ranker, data: Data, fitted: Fit) -> None:
        """A service has a table of its own, of the same vectors in another order, and of new ones."""
        test, learned = data[2], fitted(ranker)
        rng = np.random.default_rng(0)
        fields = []
        for field in test.fields:
            if isinstance(field, Vector):
                order = np.concatenate([[0], rng.permutation(len(field.table) - 1) + 1])
                more = np.concatenate([field.table[order], np.ones((2, field.table.shape[1]), np.float32)])
                field = replace(field, rows=np.argsort(order)[field.rows].astype(np.int32), table=more)
            fields.append(field)
        np.testing.assert_allclose(
            learned.predict(replace(test, fields=tuple(fields))), learned.predict(test), atol=1e-6
        )
