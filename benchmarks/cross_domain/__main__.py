"""Runs :mod:`benchmarks.cross_domain` as a command line."""

import argparse
from itertools import pairwise
from typing import Any

import numpy as np

import benchmarks.cross_domain as about
from benchmarks.cross_domain import ranking, retrieval
from benchmarks.cross_domain.data import (
    Pairs,
    Window,
    amazon_pairs,
    ciao_windows,
    held_out,
    joined,
    new_pairs,
    twins,
)
from benchmarks.harness import emit, peak_rss_mb, timed
from embedding_features.sources.moment import as_moment

_ANY_TIME = as_moment("2020-01-01T00:00:00Z")


def main() -> None:
    """Choose on validation, judge on test, and report."""
    parser = argparse.ArgumentParser(description=(about.__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=("cdr_amazon_sport_cloth", "ciao"), default="ciao")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    with timed() as clock:
        report = (ciao if arguments.dataset == "ciao" else amazon)(arguments.seeds)
    head = {"dataset": arguments.dataset, "seeds": arguments.seeds}
    emit({**head, **report, "seconds": clock.seconds, "peak_rss_mb": peak_rss_mb()}, arguments.json)


def ciao(seeds: int) -> dict[str, Any]:
    """Return the report on Ciao: six categories, each the target in turn, and a window a year."""
    windows = list(ciao_windows(range(2001, 2011)))
    early, late = windows[:4], windows[4:]
    targets = range(6)
    years = [retrieval.cases([window], targets) for window in windows[3:]]
    test = [case for year in years[1:] for case in year]
    found, choices = retrieval.judged(list(pairwise(years)), seeds, _by_history())
    plan = ranking.Plan(early[:3], early[3:], late)
    cold = sum(len(w.little(t)[1]) for w in late for t in targets)
    return {
        "late pairs of items the graph does not know": cold,
        "late pairs of items it knows": sum(len(case.wanted) for case in test),
        **_titled("recall@20", found),
        **_titled("auc", ranking.judged(plan, targets, choices, seeds, cold=False)),
    }


def amazon(seeds: int) -> dict[str, Any]:
    """Return the report on Amazon: cloth and sport, each the target in turn, without times."""
    train = amazon_pairs("train")
    late = joined(amazon_pairs("test"), amazon_pairs("test_cold_item"))
    doubled = twins(train, late)
    late = late.where(~doubled)
    test = Window("amazon", _ANY_TIME, train, new_pairs(train, late))
    one_out = held_out(train, 0.2, seed=1)
    validation = _split("amazon less a validation part", train, one_out)
    found, choices = retrieval.judged(
        [(retrieval.cases([validation], (0, 1)), retrieval.cases([test], (0, 1)))], seeds, ()
    )
    tenth = held_out(train, 0.1, seed=2)
    learned = _split("amazon less the ranker's part", train, tenth)
    choosers = np.random.default_rng(3).random(learned.late.user.max() + 1) < 0.1
    parts = [
        Window(
            learned.name, _ANY_TIME, learned.edges, learned.late.where(choosers[learned.late.user] == flag)
        )
        for flag in (False, True)
    ]
    judge = Window(learned.name, _ANY_TIME, learned.edges, new_pairs(train, late))
    plan = ranking.Plan(parts[:1], parts[1:], [judge])
    cold = _cold_recall(test)
    return {
        "test pairs left out, of products that the source shows": int(doubled.sum()),
        **_titled("recall@20", found),
        "cold items: pairs, of which an item has a vector": cold,
        **_titled("auc", ranking.judged(plan, (0, 1), choices, seeds, cold=True)),
    }


def _split(name: str, pairs: Pairs, out: np.ndarray) -> Window:
    edges, late = pairs.where(~out), pairs.where(out)
    return Window(name, _ANY_TIME, edges, new_pairs(edges, late.where(~twins(edges, late))))


def _cold_recall(test: Window) -> list[int]:
    """Return the number of cold items' pairs, and of those whose item has an edge, and so a vector."""
    known = test.degrees("item")
    pairs = [test.little(target)[1] for target in (0, 1)]
    return [sum(len(p) for p in pairs), int(sum((known[p.item] > 0).sum() for p in pairs))]


def _by_history() -> tuple[tuple[str, Any], ...]:
    def own(case: retrieval.Case) -> np.ndarray:
        degrees: np.ndarray = case.window.degrees("user", case.target)[np.unique(case.wanted.user)]
        return degrees

    return (
        ("no target edges", lambda case: own(case) == 0),
        ("1 to 5 target edges", lambda case: own(case) > 0),
    )


def _titled(title: str, found: dict[str, Any]) -> dict[str, Any]:
    return {f"{title}, {name}": value for name, value in found.items()}


if __name__ == "__main__":
    main()
