"""The recall mode in the ablation: what each pretrained source of candidates brings to the last stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.progress import Progress
from jobs.pipeline import Pipeline
from jobs.steps.rank import RankResult
from jobs.steps.recall import asked_at, borders_of, columns_of
from ranking.ablation.result import RecallCell
from ranking.experiment.run import OneTorchThread
from ranking.inputs.inputs import Inputs
from ranking.models import LightGBM
from ranking.modes.merge import Candidates, union
from ranking.modes.recall import RecallStage, candidate_inputs, recall_candidates
from ranking.modes.recall_ablation import judge_mixes, mixes_of
from ranking.modes.requests import Requests


@dataclass(frozen=True)
class RequestGroup:
    """The requests of a part of the labels.

    Attributes:
        candidates: mix → those of each moment's requests.
        rows: mix → rows of ``inputs`` of each moment's candidates.
        inputs: of every mix's candidates, each pair once.
    """

    requests: list[Requests]
    candidates: Mapping[str, Sequence[Candidates]]
    rows: Mapping[str, Sequence[I64]]
    inputs: Inputs

    def of(self, mix: str) -> Inputs:
        """The candidates of one mix."""
        return self.inputs.take(np.concatenate(self.rows[mix]))


def judged_mixes(pipeline: Pipeline, ranked: RankResult, progress: Progress) -> tuple[RecallCell, ...]:
    """Of each mix of sources the requests of the test part, ranked by a ranker of its own.

    The ranker (the recall section's, or trees) learns from candidates of the same mix at earlier moments, so
    no mix is ranked by what another one showed. Of the training part the end is enough to learn from, as
    long as the test part is.
    """
    first, second, third, end = borders_of(ranked.labels)
    spans = pairwise((max(first, second - (end - third)), second, third, end))
    mixes, parts, found = mixes_of(pipeline.recall.stage), list[RequestGroup](), {}
    with progress.task("ablate: recall mode", 3 + len(mixes)) as advance:
        for span in spans:
            parts.append(_part(pipeline, ranked, span, mixes))
            advance()
        for mix in mixes:
            found[mix] = (parts[2].candidates[mix], _scores(pipeline, mix, parts, progress))
            advance(1, mix)
    return judge_mixes(parts[2].requests, found, pipeline.recall.k, pipeline.ablate)


def _part(
    pipeline: Pipeline, ranked: RankResult, span: tuple[datetime, datetime], mixes: Mapping[str, RecallStage]
) -> RequestGroup:
    requests, every, rows, start = [], list[Candidates](), dict[str, list[I64]](), 0
    candidates: dict[str, list[Candidates]] = {mix: [] for mix in mixes}
    for one, indexes in asked_at(pipeline, ranked, span):
        requests.append(one)
        for mix, stage in mixes.items():
            candidates[mix].append(recall_candidates(one, indexes, stage))
        together, places = union([of_mix[-1] for of_mix in candidates.values()])
        for mix, place in zip(mixes, places, strict=True):
            rows.setdefault(mix, []).append(start + place)
        every.append(together)
        start += len(together.request)
    tables = columns_of(pipeline, ranked, requests, every)
    return RequestGroup(
        requests, candidates, rows, candidate_inputs(requests, every, tables, ranked.dataset.encoders)
    )


def _scores(pipeline: Pipeline, mix: str, parts: Sequence[RequestGroup], progress: Progress) -> list[F32]:
    """Of each moment's candidates in the last part, by a ranker of the first two."""
    ranker = pipeline.recall.ranker or LightGBM()
    with OneTorchThread():
        fitted = ranker.fit(parts[0].of(mix), parts[1].of(mix), pipeline.rank.seeds[0], progress)
    ends = np.cumsum([len(rows) for rows in parts[2].rows[mix]])[:-1]
    return np.split(fitted.predict(parts[2].of(mix)), ends)
