"""Trains a ranker on each mix of candidate sources, and judges them: the recall mode in an ablation."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from embedding_features.arrays import F32, I64, Bool
from embedding_features.progress import SILENT, Progress
from ranking.ablation.config import AblationConfig
from ranking.ablation.result import RecallCell
from ranking.encoders import Encoders
from ranking.experiment.run import OneTorchThread
from ranking.inputs.inputs import Inputs
from ranking.models.base import Ranker
from ranking.modes.logged_requests import LoggedRequests, Span, part_borders
from ranking.modes.merge import Candidates, union
from ranking.modes.recall import RecallStage, candidate_inputs, recall_candidates
from ranking.modes.recall_ablation import judge_mixes, mixes_of
from ranking.modes.requests import Requests

#: share of the candidates that nobody wanted, of which rankers learn
LEARNED_SHARE = 0.25


@dataclass(frozen=True)
class RequestGroup:
    """The requests of a part of the labels, with the candidates that each mix of sources proposes.

    Attributes:
        requests: of each moment.
        candidates: mix → those of each moment's requests.
        known: [q] whether the snapshot of each moment has a vector of the request's user.
        rows: mix → rows of ``inputs`` of each moment's candidates.
        inputs: of every mix's candidates, each pair once.
    """

    requests: list[Requests]
    candidates: Mapping[str, Sequence[Candidates]]
    known: Sequence[Bool]
    rows: Mapping[str, Sequence[I64]]
    inputs: Inputs

    def of(self, mix: str) -> Inputs:
        """Return the candidates of one mix."""
        return self.inputs.take(np.concatenate(self.rows[mix]))


def ablate_recall(
    logged: LoggedRequests,
    stage: RecallStage,
    ranker: Ranker,
    encoders: Encoders,
    config: AblationConfig,
    *,
    k: int,
    seed: int = 0,
    progress: Progress = SILENT,
) -> tuple[RecallCell, ...]:
    """Return what each mix of sources reaches on the test part, ranked by a ranker of its own.

    The ranker learns from candidates of the same mix at earlier moments, so no mix is ranked by what another
    one showed. Of the training part the end is enough to learn from, as long as the test part is.

    Args:
        logged: the requests.
        stage: the first stage whose sources are mixed.
        ranker: that is trained on each mix.
        encoders: of the fields that it reads.
        config: of the comparison.
        k: of recall@k and NDCG@k.
        seed: of the training.
        progress: shows the parts, then the mixes.

    Raises:
        ConfigError: as :func:`.mixes_of` and :func:`.judge_mixes`.
    """
    first, second, third, end = part_borders(logged.labels)
    spans = pairwise((max(first, second - (end - third)), second, third, end))
    mixes, groups, found = mixes_of(stage), list[RequestGroup](), {}
    with progress.task("ablate: recall mode", 3 + len(mixes)) as advance:
        for span in spans:
            groups.append(_group(logged, span, mixes, encoders))
            advance()
        with OneTorchThread(), ThreadPoolExecutor(os.cpu_count()) as pool:
            # of one thread each, as the cells of a grid: scores do not depend on the number of cores
            scores = {mix: pool.submit(_scores, ranker, mix, groups, seed) for mix in mixes}
            for mix, score in scores.items():
                found[mix] = (groups[2].candidates[mix], score.result())
                advance(1, mix)
    known = groups[2].known
    slices = {"users with a vector": known, "users without a vector": [~one for one in known]}
    return judge_mixes(groups[2].requests, found, k, config, slices)


def _group(
    logged: LoggedRequests, span: Span, mixes: Mapping[str, RecallStage], encoders: Encoders
) -> RequestGroup:
    requests, every, rows, start = [], list[Candidates](), dict[str, list[I64]](), 0
    known = list[Bool]()
    candidates: dict[str, list[Candidates]] = {mix: [] for mix in mixes}
    for at_moment, indexes in logged.replay(span):
        requests.append(at_moment)
        known.append(indexes.users.catalogue.rows(at_moment.users) >= 0)
        for mix, stage in mixes.items():
            candidates[mix].append(recall_candidates(at_moment, indexes, stage))
        together, positions = union([of_mix[-1] for of_mix in candidates.values()])
        for mix, position in zip(mixes, positions, strict=True):
            rows.setdefault(mix, []).append(start + position)
        every.append(together)
        start += len(together.request)
    inputs = candidate_inputs(requests, every, logged.columns(requests, every), encoders)
    return RequestGroup(requests, candidates, known, rows, inputs)


def _scores(ranker: Ranker, mix: str, groups: Sequence[RequestGroup], seed: int) -> list[F32]:
    """Return the scores of each moment's candidates in the last group, by a ranker of the first two."""
    *earlier, test = groups
    train, validation = (_thinned(group.of(mix), seed) for group in earlier)
    fitted = ranker.fit(train, validation, seed)
    ends = np.cumsum([len(rows) for rows in test.rows[mix]])[:-1]
    return np.split(fitted.predict(test.of(mix)), ends)


def _thinned(candidates: Inputs, seed: int) -> Inputs:
    """Return all wanted candidates and a share of the others, which are many and alike."""
    drawn = np.random.default_rng(seed).random(len(candidates)) < LEARNED_SHARE
    return candidates.take(np.flatnonzero((candidates.label > 0) | drawn))
