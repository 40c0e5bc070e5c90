"""The registry, compositions, and what they refuse."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import numpy as np
import pytest
import torch
from pydantic import Field

from embedding_features import methods as m
from embedding_features import plugins
from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.config import METHOD_PLUG_INS
from embedding_features.errors import CompatibilityError, ConfigError, GraphError, TrainingError
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.methods import registry
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import BipartiteSolver

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


class Constant(BipartiteSolver):
    """Every vector the same number."""

    kind: Literal["constant"] = "constant"
    value: float = Field(default=1.0)

    def solve(self, view: GraphView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        edges = view.matrix()
        vectors = (np.full((csr.rows, 2), self.value, np.float32) for csr in (edges.forward, edges.reverse))
        return tuple(v * np.float32(np.nan) if self.value < 0 else v for v in vectors)


@pytest.fixture
def _empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_METHODS", {})
    monkeypatch.setattr(plugins, "entry_points", lambda group: [])
    plugins.load_plugins.cache_clear()
    yield
    plugins.load_plugins.cache_clear()


def constant(value: Annotated[float, Field(le=9)] = 1.0, relation: str | None = None) -> m.ClosedForm:
    """A paper.

    More of it.
    """
    return m.ClosedForm(view=View.of(relation, nodes="all"), solver=Constant(value=value))


def graph_of(users: list[object] | np.ndarray, items: list[object] | np.ndarray) -> Graph:
    return Graph.from_arrays(AS_OF, {("user", "saw", "item"): (np.asarray(users), np.asarray(items))})


@pytest.mark.usefixtures("_empty_registry")
def test_a_registered_function_is_found_named_and_described() -> None:
    ours = m.method(family="test", exports="nothing", weights="ignored")(constant)
    made = m.make("constant", value=3)
    assert made == ours(value=3.0) == ours(3)
    assert (made.name, made.metric, made.solver.value) == ("constant", "dot", 3.0)
    assert m.describe() == [
        {
            "name": "constant",
            "family": "test",
            "paper": "A paper.",
            "exports": "nothing",
            "weights": "ignored",
            "needs": "one relation between two node types",
            "inductive": False,
            "parameters": {"value": 1.0, "relation": None},
        }
    ]


@pytest.mark.usefixtures("_empty_registry")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"valeu": 1}, r"'constant', parameter 'valeu'.*got 1\)\n.*parameters are value, relation"),
        ({"value": "much"}, r"parameter 'value'.*got 'much'"),
        ({"value": 10}, r"parameter 'value'.*less than or equal to 9 \(got 10"),
        ({"value": float("nan")}, "parameter 'value'"),
    ],
)
def test_a_wrong_parameter_is_named_with_value_and_alternatives(
    wrong: dict[str, object], message: str
) -> None:
    m.method(family="test", exports="nothing")(constant)
    with pytest.raises(ConfigError, match=message):
        m.make("constant", **wrong)


def test_a_part_refuses_what_the_signature_lets_through() -> None:
    with pytest.raises(ConfigError, match=r"method 'lightgcn'.*layers.*greater than or equal to 1 \(got 0"):
        m.make("lightgcn", layers=0)


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no method 'lightgnc'\n.*lightgcn.*mf_bpr"):
        m.make("lightgnc")


@pytest.mark.usefixtures("_empty_registry")
def test_third_parties_come_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "constant"

        def load(self) -> object:
            return m.method(family="theirs", exports="nothing")(constant)

    monkeypatch.setattr(plugins, "entry_points", lambda group: [Point()] if group == METHOD_PLUG_INS else [])
    assert m.get_method("constant").family == "theirs"
    assert m.get_method("constant").weights == "not stated"


@pytest.mark.usefixtures("_empty_registry")
def test_a_broken_entry_point_takes_only_itself_down(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "theirs"

        def load(self) -> object:
            raise ImportError("no module named x")

    m.method(family="test", exports="nothing")(constant)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [Point()])
    with pytest.warns(UserWarning, match="theirs"):
        assert list(m.methods()) == ["constant"]
    with pytest.raises(ConfigError, match="'theirs' cannot be loaded: ImportError: no module named x"):
        m.get_method("theirs")


@pytest.mark.usefixtures("_empty_registry")
def test_a_taken_name_or_a_parameter_without_default_is_refused() -> None:
    decorate = m.method(family="test", exports="nothing")
    decorate(constant)

    def elsewhere(value: float = 1.0) -> m.ClosedForm:
        return constant(value)

    elsewhere.__name__, elsewhere.__module__ = "constant", "elsewhere"
    with pytest.raises(ConfigError, match="'constant' is registered already"):
        decorate(elsewhere)

    def bare(value: float) -> m.ClosedForm:
        return constant(value)

    with pytest.raises(ConfigError, match="parameter 'value' needs an annotation and a default"):
        decorate(bare)


def test_a_composition_is_read_back_by_kind_and_an_unknown_kind_is_named() -> None:
    made = constant(2.0)
    data = made.model_dump(mode="json")
    assert data["solver"] == {"kind": "constant", "value": 2.0}
    assert m.Method.model_validate(data) == made
    data["solver"]["kind"] = "os.system"
    with pytest.raises(ValueError, match=r"no Solver of kind 'os.system'; there are \[.*'constant'"):
        m.Method.model_validate(data)


def test_vectors_that_are_not_finite_are_refused() -> None:
    with pytest.raises(TrainingError, match="1 of 1 user vectors are not finite"):
        constant(-1).fit(graph_of([1], [2]))


@pytest.mark.parametrize("method", [constant(), m.mf_bpr()])
def test_what_cannot_be_fitted(method: m.Method) -> None:
    selfish = Graph.from_arrays(AS_OF, {("user", "knows", "user"): (np.array([1]), np.array([2]))})
    with pytest.raises(GraphError, match="'knows' joins 'user' with itself"):
        method.fit(selfish)
    with pytest.raises(ConfigError, match="seed -1"):
        method.fit(graph_of([1], [2]), seed=-1)


def trained(graph: Graph, init: Embeddings | None = None, **overrides: object) -> Embeddings:
    method = m.make("mf_bpr", dim=4, epochs=1, lr=1e-30, l2=0.0, **overrides)
    return method.fit(graph, init=init)


@pytest.mark.parametrize("drop_encoder", [False, True])
def test_a_warm_start_matches_rows_by_id(drop_encoder: bool) -> None:
    """With a learning rate of nothing the shared nodes keep their vectors, at whatever row they are."""
    first = trained(graph_of(["b", "d", "c"], [5, 7, 5]))
    if drop_encoder:
        first = Embeddings(first.tables, first.provenance)
    graph = graph_of(["a", "b", "c", "d"], [7, 6, 7, 7])
    second, cold = trained(graph, init=first), trained(graph)
    for node_type, shared, fresh in (("user", ["b", "c", "d"], ["a"]), ("item", [7], [6])):
        old, new, new_cold = (e.tables[node_type] for e in (first, second, cold))
        at = {i: r for r, i in enumerate(new.ids.to_pylist())}
        before = {i: r for r, i in enumerate(old.ids.to_pylist())}
        for i in shared:
            np.testing.assert_array_equal(new.vectors[at[i]], old.vectors[before[i]])
        for i in fresh:
            np.testing.assert_array_equal(new.vectors[at[i]], new_cold.vectors[at[i]])


def test_a_warm_start_of_a_propagating_method_takes_its_parameters() -> None:
    graph = graph_of(np.arange(20) % 7, np.arange(20) % 5)
    method = m.lightgcn(dim=4, epochs=1, lr=1e-30)
    first = method.fit(graph, seed=1)
    np.testing.assert_allclose(
        method.fit(graph, seed=2, init=first).tables["user"].vectors, first.tables["user"].vectors, atol=1e-7
    )


def test_a_warm_start_that_does_not_fit_is_refused() -> None:
    graph = graph_of([1, 2], [1, 2])
    first = trained(graph)
    with pytest.raises(CompatibilityError, match=r"init has dim 4, the method 5\n.*dim: 4"):
        m.mf_bpr(dim=5).fit(graph, init=first)
    with pytest.raises(CompatibilityError, match="user ids of type int64, the graph string"):
        trained(graph_of(["1"], [1]), init=first)
    partial = Embeddings({"user": first.tables["user"]}, first.provenance)
    with pytest.raises(CompatibilityError, match=r"no 'item' vectors, only \['user'\]"):
        trained(graph, init=partial)


def test_a_checkpoint_of_other_data_seed_settings_or_start_is_refused(tmp_path: object) -> None:
    graph = graph_of([1, 2, 3], [1, 2, 1])
    method = m.mf_bpr(dim=4, epochs=2)
    first = method.fit(graph, checkpoint=tmp_path)
    for other, keywords in (
        (m.mf_bpr(dim=4, epochs=3), {"graph": graph}),
        (method, {"graph": graph_of([1, 2, 3], [1, 2, 2])}),
        (method, {"graph": graph, "seed": 1}),
        (method, {"graph": graph, "init": first}),
    ):
        with pytest.raises(TrainingError, match="another run"):
            other.fit(checkpoint=tmp_path, **keywords)
    assert torch.equal(method.fit(graph, checkpoint=tmp_path).encoder.table, first.encoder.table)
