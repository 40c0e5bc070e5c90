"""Measures recall@20 of target items from pretrained vectors, with and without the source's edges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.cross_domain.compare import compared, note
from benchmarks.cross_domain.data import IDS, Pairs, Window
from benchmarks.cross_domain.vectors import CHOICES, Choice, vectors
from ranking.metrics.replicates import UserRatio

K = 20
#: users whose validation recall a choice is made by, of a window
CHOOSERS = 1000
_BLOCK = 256


@dataclass(frozen=True)
class Case:
    """Holds a window, and the ``wanted`` pairs of the target that are to be found."""

    window: Window
    target: int
    wanted: Pairs


def cases(windows: Sequence[Window], targets: Sequence[int], cold: bool = False) -> list[Case]:
    """Return all windows and targets in which somebody wants something."""
    found = [Case(w, t, w.little(t)[int(cold)]) for w in windows for t in targets]
    return [case for case in found if len(case.wanted)]


def recalls(case: Case, arm: str, choice: Choice, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the users [m] of a case and the recall@20 [m] of each."""
    popularity = case.window.degrees("item", case.target)
    candidates = np.flatnonzero(popularity)
    users, code = np.unique(case.wanted.user, return_inverse=True)
    if arm == "popularity":
        known = np.zeros(len(users), bool)
        left, right = np.zeros((len(users), 1), np.float32), np.zeros((len(candidates), 1), np.float32)
    else:
        found = vectors(case.window, None if arm == "with source" else case.target, choice, seed)
        known = found.user.row[users] > 0
        left, right = found.user.of(users), found.item.of(candidates)
    seen = case.window.edges.where(case.window.edges.domain == case.target)
    column = np.full(IDS, -1)
    column[candidates] = np.arange(len(candidates))
    wanted = np.bincount(code)
    hits = np.zeros(len(users))
    fallback = popularity[candidates].astype(np.float32)
    for start in range(0, len(users), _BLOCK):
        some = users[start : start + _BLOCK]
        scores = np.where(
            known[start : start + _BLOCK, None], left[start : start + _BLOCK] @ right.T, fallback
        )
        place = np.full(IDS, -1)
        place[some] = np.arange(len(some))
        mask = place[seen.user] >= 0
        scores[place[seen.user[mask]], column[seen.item[mask]]] = -np.inf
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        mine = place[case.wanted.user] >= 0
        rows, columns = place[case.wanted.user[mine]], column[case.wanted.item[mine]]
        found_here = (best[rows] == columns[:, None]).any(1)
        np.add.at(hits, start + rows, found_here)
    return users, hits / wanted


def _sample(case: Case) -> Case:
    """Return the case with at most ``CHOOSERS`` of its users, drawn once."""
    users = np.unique(case.wanted.user)
    if len(users) <= CHOOSERS:
        return case
    kept = np.random.default_rng(0).choice(users, CHOOSERS, replace=False)
    return replace(case, wanted=case.wanted.where(np.isin(case.wanted.user, kept)))


def chosen(validation: Sequence[Case], arm: str) -> tuple[Choice, float]:
    """Return the choice of best mean recall over validation users, and that recall."""
    some = [_sample(case) for case in validation]

    def score(choice: Choice) -> float:
        value = float(np.concatenate([recalls(case, arm, choice, 0)[1] for case in some]).mean())
        note(f"validation recall@20 {value:.4f}, {arm}, {choice[0]} {dict(choice[1])}")
        return value

    scores = [score(choice) for choice in CHOICES]
    best = int(np.argmax(scores))
    return CHOICES[best], scores[best]


def judged(
    folds: Sequence[tuple[Sequence[Case], Sequence[Case]]],
    seeds: int,
    slices: Sequence[tuple[str, Callable[[Case], np.ndarray]]],
) -> tuple[dict[str, Any], dict[str, Choice]]:
    """Return the arms' recall@20, overall and in slices, and each arm's first choice.

    Args:
        folds: (cases that choose, cases that are judged).
        seeds: how many fits each case is judged by.
        slices: title → mask of a case's users.
    """
    result: dict[str, Any] = {}
    choices: dict[str, Choice] = {}
    test = [case for _, judged_here in folds for case in judged_here]
    found: dict[str, list[list[tuple[np.ndarray, np.ndarray]]]] = {}
    for arm in ("popularity", "target only", "with source"):
        best = [
            (CHOICES[0], 0.0) if arm == "popularity" else chosen(validation, arm) for validation, _ in folds
        ]
        choices[arm] = best[0][0]
        if arm != "popularity":
            result[f"chosen, {arm}"] = [
                {"method": c[0], **dict(c[1]), "validation recall@20": round(v, 5)} for c, v in best
            ]
        found[arm] = [
            [
                recalls(case, arm, c, seed)
                for (c, _), (_, part) in zip(best, folds, strict=True)
                for case in part
            ]
            for seed in range(seeds)
        ]
    for title, mask in (("all", lambda case: np.ones(len(np.unique(case.wanted.user)), bool)), *slices):
        kept = [mask(case) for case in test]
        people = np.unique(
            np.concatenate([r[0][m] for r, m in zip(found["popularity"][0], kept, strict=True)])
        )
        if len(people) < 20:
            continue
        arms = {
            arm: [_statistic(one_seed, kept, people) for one_seed in per_seed]
            for arm, per_seed in found.items()
        }
        pairs = [("with source", "target only"), ("with source", "popularity")]
        counted = int(sum(m.sum() for m in kept))
        result[title] = {"users": len(people), "cases": counted, **compared(arms, len(people), pairs)}
    return result, choices


def _statistic(
    found: Sequence[tuple[np.ndarray, np.ndarray]], kept: Sequence[np.ndarray], people: np.ndarray
) -> UserRatio:
    users = np.concatenate([u[m] for (u, _), m in zip(found, kept, strict=True)])
    recall = np.concatenate([r[m] for (_, r), m in zip(found, kept, strict=True)])
    code = np.searchsorted(people, users)
    total = np.bincount(code, recall, minlength=len(people))
    return UserRatio(total, np.bincount(code, minlength=len(people)).astype(np.float64))
