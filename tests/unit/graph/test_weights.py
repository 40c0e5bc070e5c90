"""What weights mean: to parts of third parties, to attributes, and to what is held out to be found."""

from datetime import UTC, datetime
from typing import ClassVar, Literal

import numpy as np
import pytest

from embedding_features import methods as m
from embedding_features.arrays import F32
from embedding_features.encoders import LightPropagation, Lookup
from embedding_features.errors import GraphError
from embedding_features.evaluate.holdout import split_holdout
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.graph.indicators import attribute_indicators
from embedding_features.graph.view import GraphView, View
from embedding_features.graph.weights import WeightUse, check_weights
from embedding_features.methods.task import Task
from embedding_features.objectives import BPR
from embedding_features.progress import SILENT, Progress
from embedding_features.sampling import Pairs
from embedding_features.solvers.base import BipartiteSolver, Solver
from embedding_features.training import Training

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
RNG = np.random.default_rng(0)


class Silent(BipartiteSolver):
    """A third party's, which does not say what it does with weights."""

    kind: Literal["silent"] = "silent"

    def solve(self, view: GraphView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        return tuple(
            np.ones((csr.rows, 2), np.float32) for csr in (view.matrix().forward, view.matrix().reverse)
        )


class Signed(Silent):
    """One that says that it reads signs."""

    weights: ClassVar[WeightUse] = "signed"
    kind: Literal["signs"] = "signs"


class SignedPairs(Pairs):
    """A sampler that says so."""

    weights: ClassVar[WeightUse] = "signed"
    kind: Literal["signed_pairs"] = "signed_pairs"


def graph_of(
    weight: list[float] | np.ndarray,
    src: list[int] | np.ndarray,
    dst: list[int] | np.ndarray,
    time: np.ndarray | None = None,
    types: tuple[str, str] = ("user", "item"),
) -> Graph:
    src, dst = np.asarray(src), np.asarray(dst)
    ends = dict(zip(types, (src, dst), strict=True))
    size = {t: 1 + max(int(a.max()) for u, a in zip(types, (src, dst), strict=True) if u == t) for t in ends}
    relation = Relation.from_edges(
        "rated", *types, src, dst, tuple(size[t] for t in types), np.asarray(weight, np.float32), time
    )
    vocabularies = {t: Vocabulary.from_ids(np.arange(n)) for t, n in size.items()}
    return Graph(AS_OF, vocabularies, {"rated": relation}, fingerprint="f" * 64)


@pytest.mark.parametrize(
    ("use", "weight", "said"),
    [
        ("ignored", [1, -1, 0, 0], "1 negative and 2 zero weights among its 4 pairs"),
        ("ignored", [1, np.nan, 1], "1 NaN weights among its 3 pairs"),
        ("ignored", [-np.inf, 1], "1 negative weights"),
        ("confidence", [-1, 2], "1 negative weights among its 2 pairs"),
        ("confidence", [0, 0], "2 zero weights among its 2 pairs"),
        ("signed", [1, -1, 0], "1 negative and 1 zero weights among its 3 pairs"),
        ("ignored", [1, np.inf], ""),
        ("confidence", [0, 1], ""),
        ("signed", [-1, -2], ""),
        ("confidence", [], ""),
        ("ignored", [], ""),
    ],
)
def test_each_use_takes_the_weights_it_can_read(use: WeightUse, weight: list[float], said: str) -> None:
    array = np.asarray(weight, np.float32)
    if not said:
        check_weights("rated", array, use)
        return
    with pytest.raises(GraphError, match=f"relation 'rated' has {said}.*\n.*fix: .*filter"):
        check_weights("rated", array, use)


@pytest.mark.parametrize("solver", [Silent(), Signed()])
@pytest.mark.parametrize("use_weights", [True, False])
def test_a_third_partys_solver_gets_what_it_says_that_it_reads(solver: Solver, use_weights: bool) -> None:
    method = m.ClosedForm(view=View(weights="sum" if use_weights else "one"), solver=solver)
    signed = graph_of([1, -1, 2], [0, 0, 1], [0, 1, 1])
    if isinstance(solver, Signed) and use_weights:
        assert method.fit(signed).tables["user"].vectors.tolist() == [[1, 1], [1, 1]]
        return
    with pytest.raises(GraphError, match="'rated' has 1 negative weights among its 3 pairs"):
        method.fit(signed)
    method.fit(graph_of([1, 3, 2], [0, 0, 1], [0, 1, 1]))


@pytest.mark.parametrize(
    ("sampler", "encoder", "fits"),
    [
        (SignedPairs(), Lookup(dim=2), True),
        (Pairs(), Lookup(dim=2), False),
        (SignedPairs(), LightPropagation(dim=2), False),
    ],
)
def test_every_part_of_a_trained_method_has_its_say(sampler: Pairs, encoder: Lookup, fits: bool) -> None:
    """A lookup reads no edges; propagation of a dislike would draw the two together."""
    method = m.Trained(
        view=View(),
        encoder=encoder,
        tasks=(Task(sampler=sampler, objective=BPR(l2=0.0)),),
        training=Training(epochs=1),
    )
    signed = graph_of([1, -1, 2], [0, 0, 1], [0, 1, 1])
    if fits:
        method.fit(signed)
        return
    with pytest.raises(GraphError, match="1 negative weights"):
        method.fit(signed)


@pytest.mark.parametrize("weight", [[1.0] * 5, None, [1.0, 1, 1, 1, -1], [1.0, 1, 1, 1, 0]])
def test_an_attribute_of_weight_0_or_less_is_refused(weight: list[float] | None) -> None:
    """An indicator would say that the node has the attribute."""
    rated = graph_of([1.0] * 5, range(5), range(5)).relation()
    array = None if weight is None else np.array(weight, np.float32)
    tagged = Relation.from_edges(
        "tagged", "item", "tag", np.arange(5), np.zeros(5, np.int64), (5, 1), weight=array
    )
    ids = Vocabulary.from_ids(np.arange(5))
    graph = Graph(
        AS_OF,
        {"user": ids, "item": ids, "tag": Vocabulary.from_ids(np.arange(1))},
        {"rated": rated, "tagged": tagged},
    )
    view = View.of("rated", "tagged", nodes="all").build(graph)
    if weight is None or min(weight) > 0:
        assert attribute_indicators(view, 1)["item"].toarray().tolist() == [[1]] * 5
        return
    with pytest.raises(
        GraphError, match=r"relation 'tagged' has 1 (negative|zero) weights among its 5 pairs"
    ):
        attribute_indicators(view, 1)


@pytest.mark.parametrize("by", ["time", "random"])
@pytest.mark.parametrize("types", [("user", "item"), ("user", "user")])
def test_what_is_held_out_to_be_found_is_liked(by: Literal["time", "random"], types: tuple[str, str]) -> None:
    src, dst = RNG.integers(0, 30, 1500), RNG.integers(0, 30, 1500)
    weight = RNG.choice([-1.0, 0.0, 1.0, 2.0], 1500)
    graph = graph_of(weight, src, dst, RNG.integers(0, 10**9, 1500), types)
    split = split_holdout(graph, None, 0.3, seed=0, by=by)
    summed = np.zeros((30, 30))
    np.add.at(summed, (src, dst), weight)
    assert len(split.src) > 20
    assert (summed[split.src, split.dst] > 0).all()
    if by == "random" and types == ("user", "item"):
        after = split.graph.relation().forward.merged("sum")
        left = np.zeros((30, 30))
        left[after.sources(), after.indices] = after.weights()
        np.testing.assert_array_equal(left[summed <= 0], summed[summed <= 0])  # dislikes are learned from
        np.testing.assert_array_equal((left > 0).any(axis=1), (summed > 0).any(axis=1))  # a like is kept


def test_weights_above_0_change_no_split() -> None:
    src, dst = RNG.integers(0, 30, 500), RNG.integers(0, 30, 500)
    splits = [
        split_holdout(graph_of(w, src, dst), None, 0.3, seed=1, by="random")
        for w in (np.ones(500), RNG.random(500) + 0.1)
    ]
    for name in ("src", "dst"):
        np.testing.assert_array_equal(*(getattr(split, name) for split in splits))


def test_nothing_liked_leaves_nothing_to_hold_out() -> None:
    graph = graph_of([-1.0] * 20, np.arange(20) % 4, np.arange(20) % 5)
    with pytest.raises(GraphError, match="leaves no new pair to predict"):
        split_holdout(graph, None, 0.5, seed=0, by="random")
