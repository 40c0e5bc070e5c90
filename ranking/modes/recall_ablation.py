"""The recall mode in an ablation: what candidates of pretrained vectors bring beyond the log's."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.arrow import codes
from embedding_features.errors import ConfigError, DataError
from ranking.ablation.bootstrap import Sample, bootstrap, difference, figure, holm, seed_noise
from ranking.ablation.cells import Difference, SliceFigure, verdict
from ranking.ablation.checks import check_replicates
from ranking.ablation.config import AblationConfig
from ranking.ablation.result import RecallCell
from ranking.metrics.replicates import UserRatio
from ranking.modes.merge import Candidates
from ranking.modes.recall import RecallStage
from ranking.modes.request_figures import request_figures
from ranking.modes.requests import Requests

#: sources that ask the log alone; all others search an index of pretrained vectors
LOG_SOURCES = ("popular", "item_knn")

Key = tuple[str, str]  # mix, metric


def mixes_of(stage: RecallStage) -> dict[str, RecallStage]:
    """Return the mixes of a stage's sources to compare, by name (``popular + interest``), baseline first.

    The baseline has every source of the log alone (:data:`LOG_SOURCES`) that the stage has; then come the
    baseline with each source of pretrained vectors alone, and the stage itself. All give as many candidates:
    a mix's quotas keep their proportions and add up to what the stage's do.

    Raises:
        ConfigError: when the stage lacks sources of the log, or of pretrained vectors.
    """
    log = [name for name in stage.quotas if name in LOG_SOURCES]
    pretrained = [name for name in stage.quotas if name not in LOG_SOURCES]
    if not log or not pretrained:
        raise ConfigError(
            f"candidates from {', '.join(stage.quotas) or 'no source'} cannot be compared",
            fix=f"give a quota to at least one of {', '.join(LOG_SOURCES)}, and to one of pretrained vectors",
        )
    mixes = [log, *([*log, name] for name in pretrained), [*log, *pretrained]]
    return {" + ".join(mix): _stage_of(stage, mix) for mix in mixes}


def _stage_of(stage: RecallStage, mix: Sequence[str]) -> RecallStage:
    """The stage with some of its sources, in its order; quotas are rounded at their running sum."""
    given = {name: quota for name, quota in stage.quotas.items() if name in mix}
    running, total = np.cumsum([0, *given.values()]), sum(stage.quotas.values())
    scaled = pairwise((running * total // max(1, running[-1])).tolist())
    quotas = {name: end - begin for name, (begin, end) in zip(given, scaled, strict=True)}
    return stage.model_copy(update={"quotas": quotas})


def judge_mixes(
    requests: Sequence[Requests],
    mixes: Mapping[str, tuple[Sequence[Candidates], Sequence[F32]]],
    k: int,
    config: AblationConfig,
    slices: Mapping[str, Sequence[Bool]] = {},
) -> tuple[RecallCell, ...]:
    """Return recall@k and NDCG@k of each mix's ranked candidates, and its differences from the first mix.

    Figures are means over requests. The bootstrap draws users, each with her requests of all moments, and
    all mixes are measured on the same draws; all differences are one Holm family.

    Args:
        requests: of each moment.
        mixes: name → candidates of the requests of each moment, and [c] scores of the ranker for them.
        k: the cut-off of both metrics.
        config: replicates, seed, alpha and fewest users of the comparison.
        slices: name → [q] which requests of each moment are in it; figures on slices are not corrected.

    Returns:
        A cell a mix and metric, in the order given.

    Raises:
        ConfigError: when there is nothing to compare, or the replicates are too few to ever reach ``alpha``.
        DataError: when there is no request, fewer users than ``min_users`` ask, or scores do not fit.
    """
    figures = {mix: request_figures(requests, *given, k) for mix, given in mixes.items()}
    user = _users(requests)
    _check_enough(len(mixes), int(user.max()) + 1, config)
    metrics = {f"recall@{k}": "recall ranked", f"ndcg@{k}": "ndcg ranked"}
    of_metrics = {
        (mix, metric): of_mix[name] for mix, of_mix in figures.items() for metric, name in metrics.items()
    }
    samples = _samples(of_metrics, user, config.replicates, config.seed)
    on_slices = {
        name: _on_slice(of_metrics, user, np.concatenate(rows), config) for name, rows in slices.items()
    }
    coverage = {mix: float(of_mix["coverage"].mean()) for mix, of_mix in figures.items()}
    return _cells(samples, coverage, on_slices, config)


def _samples(of_request: Mapping[Key, F64], user: I64, replicates: int, seed: int) -> dict[Key, Sample]:
    """Return each figure's mean over requests and its replicates."""
    statistics = {key: [_mean(values, user)] for key, values in of_request.items()}
    return bootstrap(statistics, int(user.max()) + 1, replicates, seed)


def _on_slice(
    of_request: Mapping[Key, F64], user: I64, rows: Bool, config: AblationConfig
) -> dict[Key, SliceFigure]:
    """Return each figure on some of the requests, or why there is none."""
    code = codes(pa.array(user[rows]))
    if code.max(initial=-1) + 1 < config.min_users:
        return dict.fromkeys(of_request, SliceFigure(note="too few users"))
    inside = {key: values[rows] for key, values in of_request.items()}
    samples = _samples(inside, code, config.slice_replicates, config.seed)
    changes, noise = _changes(samples, config), seed_noise(samples.values(), config.seed)
    return {
        key: SliceFigure(note="", figure=figure(sample, noise, config.alpha), difference=changes.get(key))
        for key, sample in samples.items()
    }


def _users(requests: Sequence[Requests]) -> I64:
    """[r] code of each request's user."""
    ids = pa.concat_arrays([of_moment.users for of_moment in requests])
    return codes(ids)


def _check_enough(mixes: int, users: int, config: AblationConfig) -> None:
    family = 2 * (mixes - 1)
    if family < 1:
        raise ConfigError(f"{mixes} mixes of candidates", fix="give the baseline and at least one other")
    check_replicates(config, family)
    if users < config.min_users:
        raise DataError(
            f"the requests are of {users} users, fewer than min_users = {config.min_users}",
            fix="ask for more users: the bootstrap draws users",
        )


def _mean(of_request: F64, user: I64) -> UserRatio:
    """The mean over requests, as sums over users."""
    return UserRatio(np.bincount(user, of_request).astype(np.float64), np.bincount(user).astype(np.float64))


def _changes(samples: Mapping[Key, Sample], config: AblationConfig) -> dict[Key, Difference]:
    """Return the differences of all mixes but the first from that one."""
    first, _ = next(iter(samples))
    noise = seed_noise(samples.values(), config.seed)
    return {
        (mix, metric): difference(sample, samples[first, metric], noise, config.alpha)
        for (mix, metric), sample in samples.items()
        if mix != first
    }


def _cells(
    samples: Mapping[Key, Sample],
    coverage: Mapping[str, float],
    on_slices: Mapping[str, Mapping[Key, SliceFigure]],
    config: AblationConfig,
) -> tuple[RecallCell, ...]:
    changes, noise = _changes(samples, config), seed_noise(samples.values(), config.seed)
    corrected = dict(zip(changes, holm([change.p for change in changes.values()]), strict=True))
    return tuple(
        RecallCell(
            mix=mix,
            metric=metric,
            candidates=coverage[mix],
            figure=figure(sample, noise, config.alpha),
            difference=changes.get((mix, metric)),
            p_corrected=corrected.get((mix, metric)),
            verdict=verdict(changes[mix, metric].value, corrected[mix, metric] < config.alpha)
            if (mix, metric) in changes
            else None,
            slices={name: figures[mix, metric] for name, figures in on_slices.items()},
        )
        for (mix, metric), sample in samples.items()
    )
