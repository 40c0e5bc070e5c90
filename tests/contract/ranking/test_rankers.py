"""What every ranker must do, whoever wrote it."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from embedding_features.errors import DataError, TrainingError
from ranking.inputs.fields import Bag, Category, Number, Vector
from ranking.inputs.inputs import Inputs
from ranking.metrics.metrics import auc
from ranking.models import DIN, DLRM, DCNv2, DeepFM, FittedRanker, LightGBM, Ranker, WideDeep
from ranking.models.network import NetworkRanker
from ranking.models.pretrained import DHE, Added, FineTuned, Frozen, Mixed
from ranking.models.training import RankerTraining
from tests.ranking_data import of_groups, planted_inputs

QUICK = RankerTraining(learning_rate=0.01, batch_rows=256, epochs=15, decay=0)
RANKERS: list[Ranker] = [
    LightGBM(min_rows_in_leaf=20, column_share=1),
    LightGBM(min_rows_in_leaf=20, column_share=1, objective="lambdarank", patience=60),
    WideDeep(training=QUICK),
    DLRM(training=QUICK, pretrained=Frozen()),
    DCNv2(training=QUICK, pretrained=FineTuned(learning_rate=0.01)),
    DCNv2(training=QUICK, structure="stacked", rank=4),
    DeepFM(training=QUICK, pretrained=Added()),
    DIN(training=QUICK, pretrained=Mixed()),
    WideDeep(training=QUICK, pretrained=DHE()),
]


def named(ranker: Ranker) -> str:
    """``wide_deep-dhe``: the kind and what is not by default."""
    other = [str(getattr(ranker, f, "")) for f in ("objective", "structure") if hasattr(ranker, f)]
    treatment = [ranker.pretrained.kind] if hasattr(ranker, "pretrained") else []
    return "-".join([ranker.kind, *other, *treatment])


every_ranker = pytest.mark.parametrize("ranker", RANKERS, ids=named)


@pytest.fixture(scope="module")
def data() -> tuple[Inputs, Inputs, Inputs]:
    return tuple(planted_inputs(rows, seed) for rows, seed in ((3000, 0), (800, 1), (1500, 2)))


@pytest.fixture(scope="module")
def fitted(data):
    """Each ranker, fitted once on all fields with seed 0."""
    kept: dict[str, FittedRanker] = {}

    def fit(ranker: Ranker) -> FittedRanker:
        if named(ranker) not in kept:
            kept[named(ranker)] = ranker.fit(*data[:2], 0)
        return kept[named(ranker)]

    return fit


@every_ranker
def test_scores_are_probabilities(ranker, data, fitted):
    test = data[2]
    scores = fitted(ranker).predict(test)
    assert scores.dtype == np.float32
    assert scores.shape == (1500,)
    assert scores.min() >= 0
    assert scores.max() <= 1
    # calibrated on average
    assert scores.mean() == pytest.approx(test.label.mean(), abs=0.05)


@every_ranker
@pytest.mark.parametrize("group", ["tokens", "clusters", "dense"])
def test_learns_a_cross_from_each_group(ranker, group, data):
    """Parity of two codes, or the sign of a product: within .03 of the best AUC the rows allow (dense: a
    fifth of each side's vectors is missing, so two thirds of the rows tell something)."""
    train, validation, test = (of_groups(part, "base", group) for part in data)
    scores = ranker.fit(train, validation, 0).predict(test)
    assert auc(test.label, scores) > auc(test.label, oracle(test, group)) - 0.03


def oracle(inputs, group):
    """The parity where both sides are known."""
    known = np.ones(len(inputs), bool)
    if group == "dense":
        user, item = inputs.of(Vector)
        known = user.present & item.present
        even = (user.values[:, 0] > 0) == (item.values[:, 0] > 0)
    elif group == "clusters":
        user, item = inputs.of(Bag)
        even = (user.codes[:, 0] + item.codes[:, 0]) % 2 == 0
    else:
        user, item = (f for f in inputs.of(Category) if f.group == "tokens")
        even = (user.codes + item.codes) % 2 == 0
    return np.where(known, even, 0.5)


@every_ranker
@pytest.mark.parametrize("kind", [Category, Bag, Number])
def test_fields_of_one_kind_alone_are_learned_from_without_a_warning(ranker, kind, data):
    """Of no numbers, or nothing discrete, a network has a part over no columns."""
    if isinstance(ranker, NetworkRanker):
        ranker = ranker.model_copy(update={"training": QUICK.model_copy(update={"epochs": 1})})
    train, validation, test = (replace(part, fields=part.of(kind)) for part in data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = ranker.fit(train, validation, 0).predict(test)
    assert np.isfinite(scores).all()
    assert scores.std() > 0


@every_ranker
def test_same_seed_same_scores(ranker, data, fitted):
    train, validation, test = data
    one = fitted(ranker).predict(test)
    two, other = (ranker.fit(train, validation, seed).predict(test) for seed in (0, 4))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-4


@every_ranker
def test_scores_do_not_depend_on_the_rows_beside(ranker, data, fitted):
    test, fitted = data[2], fitted(ranker)
    rows = np.array([7, 1400, 7, 0])
    np.testing.assert_allclose(fitted.predict(test.take(rows)), fitted.predict(test)[rows], atol=1e-6)
    assert fitted.predict(test.take(rows[:0])).shape == (0,)


@every_ranker
def test_labels_are_not_looked_at_when_scoring(ranker, data, fitted):
    test, fitted = data[2], fitted(ranker)
    np.testing.assert_array_equal(fitted.predict(replace(test, label=1 - test.label)), fitted.predict(test))


def all_unknown(inputs: Inputs) -> Inputs:
    """The same layout with nothing known."""
    fields = []
    for field in inputs.fields:
        if isinstance(field, Number):
            fields.append(replace(field, values=np.full_like(field.values, np.nan)))
        elif isinstance(field, Vector):
            fields.append(replace(field, rows=np.zeros_like(field.rows)))
        elif isinstance(field, Bag):
            zero = np.zeros_like(field.weights)
            fields.append(replace(field, codes=np.zeros_like(field.codes), weights=zero))
        else:
            fields.append(replace(field, codes=np.zeros_like(field.codes)))
    return replace(inputs, fields=tuple(fields))


@every_ranker
def test_rows_of_which_nothing_is_known(ranker, data, fitted):
    """Unknown ids, missing vectors, NaN: one finite score for all."""
    scores = fitted(ranker).predict(all_unknown(data[2]))
    assert np.isfinite(scores).all()
    assert np.ptp(scores) < 1e-6
    assert 0.05 < scores[0] < 0.95


@every_ranker
def test_fields_that_are_missing_throughout_training(ranker, data):
    """A view that nothing was joined from yet must not break a ranker."""
    train, validation, test = data
    scores = ranker.fit(all_unknown(train), all_unknown(validation), 0).predict(test)
    assert np.isfinite(scores).all()


@every_ranker
@pytest.mark.parametrize("part", [0, 1], ids=["train", "validation"])
@pytest.mark.parametrize("label", [0, 1])
def test_labels_all_alike_are_refused(ranker, part, label, data):
    parts = list(data[:2])
    parts[part] = replace(parts[part], label=np.full_like(parts[part].label, label))
    with pytest.raises(TrainingError, match=f"{('training', 'validation')[part]} labels are all alike"):
        ranker.fit(*parts, 0)


@every_ranker
def test_labels_other_than_0_and_1_are_refused(ranker, data):
    train, validation, _ = data
    with pytest.raises(TrainingError, match="labels are"):
        ranker.fit(replace(train, label=train.label * 2), validation, 0)


@every_ranker
def test_inputs_of_another_variant_are_refused(ranker, data, fitted):
    train, validation, test = data
    with pytest.raises(DataError, match="user_clusters"):
        fitted(ranker).predict(of_groups(test, "base", "tokens"))
    with pytest.raises(DataError, match="different fields"):
        ranker.fit(of_groups(train, "base"), validation, 0)


@every_ranker
def test_settings_survive_json(ranker):
    again = Ranker.model_validate_json(ranker.model_dump_json())
    assert again == ranker
    assert type(again) is type(ranker)


@pytest.mark.parametrize("ranker", RANKERS[::2], ids=named)
def test_inputs_are_not_written_to(ranker, data):
    before = [part.fingerprint() for part in data]
    ranker.fit(*data[:2], 1).predict(data[2])
    assert [part.fingerprint() for part in data] == before


@every_ranker
def test_a_saved_ranker_scores_as_it_did(ranker, data, fitted, tmp_path):
    test, fitted = data[2], fitted(ranker)
    fitted.save(tmp_path)
    again = FittedRanker.load(tmp_path)
    assert again.ranker == ranker
    assert again.rounds == fitted.rounds
    np.testing.assert_array_equal(again.predict(test), fitted.predict(test))
    with pytest.raises(DataError, match="user_clusters"):
        again.predict(of_groups(test, "base", "tokens"))
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".pkl", ".pt", ".bin")]


@every_ranker
def test_a_damaged_folder_is_refused(ranker, fitted, tmp_path):
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


@every_ranker
def test_vectors_may_come_in_another_table(ranker, data, fitted):
    """A service has a table of its own, of the same vectors in another order, and of some that are new."""
    test, fitted = data[2], fitted(ranker)
    rng = np.random.default_rng(0)
    fields = []
    for field in test.fields:
        if isinstance(field, Vector):
            order = np.concatenate([[0], rng.permutation(len(field.table) - 1) + 1])
            more = np.concatenate([field.table[order], np.ones((2, field.table.shape[1]), np.float32)])
            field = replace(field, rows=np.argsort(order)[field.rows].astype(np.int32), table=more)
        fields.append(field)
    np.testing.assert_allclose(
        fitted.predict(replace(test, fields=tuple(fields))), fitted.predict(test), atol=1e-6
    )
