"""The recall mode: candidates from indexes, the log's counts and neighbours, merged, then ranked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from pydantic import Field

from embedding_features.config import Config
from embedding_features.errors import ConfigError
from embedding_features.fresh import FreshSeries
from embedding_features.fresh.queries import MEAN_WEIGHT, QUERY_EVENTS
from embedding_features.recall import RecallIndex
from ranking.dataset.side_tables import SideTables
from ranking.encoders import Encoders
from ranking.inputs.inputs import Inputs
from ranking.modes import event_sources, index_sources, log_sources
from ranking.modes.merge import Candidates, merge
from ranking.modes.pairs import pair_columns, pair_frame, pair_rows
from ranking.modes.request_figures import hits
from ranking.modes.requests import Requests
from ranking.task.task import Task

#: from an entity frame to the store's answer, a row a row
Ask = Callable[[pa.Table], pa.Table]


class RecallStage(Config):
    """Holds the settings of the first stage.

    Attributes:
        candidates: the most a request has.
        quotas: source → items it gives before others have given theirs; a source without one is not asked.
        popular_days: how far back popularity is counted; None for all the past.
        domain: partition of the item index for ``cross_domain``.
        last: of a user's liked items, how many ``item2item`` and ``item_knn`` start from; of the events, how
            many ``fresh`` is made of.
        mean_user: weight of the mean user's vector that ``fresh`` adds to each; more where events tell less.
        first: of an unknown item's users, how many ``cold_start`` averages.
        reach: how many users ``cold_start`` shows an unknown item to.
    """

    candidates: int = Field(default=200, ge=1)
    quotas: dict[str, int] = {
        "interest": 60,
        "item2item": 40,
        "item_knn": 40,
        "popular": 40,
        "cold_start": 20,
    }
    popular_days: float | None = Field(default=None, gt=0)
    domain: str | None = None
    last: int = Field(default=QUERY_EVENTS, ge=1)
    mean_user: float = Field(default=MEAN_WEIGHT, ge=0)
    first: int = Field(default=10, ge=1)
    reach: int = Field(default=100, ge=1)


@dataclass(frozen=True)
class Indexes:
    """Holds the indexes of both sides of one snapshot.

    Attributes:
        fresh: what makes fresh vectors of users in the same space; None: the source ``fresh`` has none.
    """

    users: RecallIndex
    items: RecallIndex
    fresh: FreshSeries | None = None


def recall_candidates(requests: Requests, indexes: Indexes | None, settings: RecallStage) -> Candidates:
    """Return the candidates of some requests.

    Args:
        requests: of one moment.
        indexes: of the newest snapshot strictly older than the requests; None where there is none yet: then
            only the log's own sources give (``popular``, ``item_knn``).
        settings: which sources give how many.

    Raises:
        ConfigError: when a source is unknown, or ``cross_domain`` has no domain.
        LeakError: when an index is not older than the requests.
    """
    made = _sources(requests, indexes, settings)
    unknown = sorted(set(settings.quotas) - set(made))
    if unknown:
        raise ConfigError(
            f"no source of candidates {', '.join(unknown)}",
            fix=f"name some of {', '.join(made)}; cross_domain needs a domain",
        )
    lists = {name: made[name]() for name in settings.quotas}
    return merge(lists, settings.quotas, settings.candidates, requests.seen)


def _sources(
    requests: Requests, indexes: Indexes | None, settings: RecallStage
) -> dict[str, Callable[[], pa.ListArray]]:
    k, domain = settings.candidates, settings.domain
    made: dict[str, Callable[[], pa.ListArray]] = {
        "popular": lambda: log_sources.popular(requests, k, settings.popular_days),
        "item_knn": lambda: log_sources.item_knn(requests, k, settings.last),
    }
    if indexes is None:
        nothing = pa.array([[]] * len(requests), requests.seen.type)
        return made | dict.fromkeys(
            ("fresh", "medoids", "interest", "item2item", "cold_start", "cross_domain"), lambda: nothing
        )
    users, items = indexes.users, indexes.items
    made |= {
        "fresh": lambda: _fresh(requests, indexes, settings),
        "medoids": lambda: event_sources.medoids(requests, items, _series(indexes, "medoids"), k),
        "interest": lambda: index_sources.interest(requests, items, users, k),
        "item2item": lambda: index_sources.item2item(requests, items, k, settings.last),
        "cold_start": lambda: index_sources.cold_start(
            requests, items, users, k, settings.first, settings.reach
        ),
    }
    if domain is not None:
        made["cross_domain"] = lambda: index_sources.cross_domain(requests, items, users, k, domain)
    return made


def _fresh(requests: Requests, indexes: Indexes, settings: RecallStage) -> pa.ListArray:
    return event_sources.fresh_interest(
        requests,
        indexes.items,
        indexes.users,
        _series(indexes, "fold_in"),
        settings.candidates,
        settings.last,
        settings.mean_user,
    )


def _series(indexes: Indexes, recipe: str) -> FreshSeries:
    """Return what makes fresh figures by a recipe."""
    if indexes.fresh is None or recipe not in indexes.fresh.recipes:
        raise ConfigError(
            f"the sources fresh and medoids have nothing that makes fresh figures by {recipe}",
            fix=f"let a variant of the grid see fresh figures of the first method, by the recipe {recipe}",
        )
    return indexes.fresh


def candidate_columns(
    task: Task,
    requests: Sequence[Requests],
    candidates: Sequence[Candidates],
    ask: Ask,
    moments: Sequence[datetime],
    fresh: Sequence[FreshSeries] = (),
) -> list[pa.Table]:
    """Return the raw columns of the candidates of each moment, a row a candidate.

    Args:
        task: what is predicted.
        requests: of each moment.
        candidates: of the requests of each moment.
        ask: the store's answer for all pairs, e.g. ``lambda frame: historical(repo, frame, refs)``.
        moments: the snapshots' ``as_of``.
        fresh: what makes fresh figures of the users' events.
    """
    pairs = [pair_rows(*part) for part in zip(requests, candidates, strict=True)]
    features, side_tables, tables, start = ask(pair_frame(task, pairs)), SideTables.read(task), [], 0
    for of_moment, rows in zip(requests, pairs, strict=True):
        mine = features.slice(start, len(rows))
        tables.append(pair_columns(task, of_moment, rows, mine, moments, fresh, side_tables))
        start += len(rows)
    return tables


def candidate_inputs(
    requests: Sequence[Requests],
    candidates: Sequence[Candidates],
    tables: Sequence[pa.Table],
    encoders: Encoders,
) -> Inputs:
    """Return candidates as rows to learn from: label 1 where one is wanted, a request's rows as a group.

    ``tables`` are their raw columns, as :func:`candidate_columns` returns them.
    """
    label = np.concatenate([hits(*part) for part in zip(requests, candidates, strict=True)])
    first = np.cumsum([0, *map(len, requests)])
    group = np.concatenate([one.request + start for one, start in zip(candidates, first, strict=False)])
    inputs = encoders.encode(pa.concat_tables(tables), label.astype(np.float32))
    return replace(inputs, group=group)
