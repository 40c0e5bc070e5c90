"""The conformance tests find what a third party's method or encoder does wrong."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.encoders import Encoder, Lookup, LookupNetwork
from embedding_features.graph.view import GraphView, View
from embedding_features.methods import ClosedForm, Method
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import BipartiteSolver
from embedding_features.testing.encoder import EncoderTests
from embedding_features.testing.method import MethodTests

FAULTS = {
    "seed": "test_the_same_seed_gives_the_same_vectors",
    "dim": "test_tables_hold_exactly_the_nodes_with_edges_in_the_order_of_the_graph",
    "weights": "test_weights_move_the_vectors_unless_they_are_ignored",
    "order": "test_vectors_follow_the_ids_of_the_same_edges_in_another_order",
}


class Faulty(BipartiteSolver):
    """Random vectors, with one fault."""

    kind: Literal["faulty"] = "faulty"
    fault: str
    dim: int = Field(default=8, ge=1)

    def solve(self, view: GraphView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        rng = np.random.default_rng(None if self.fault == "seed" else seed)
        dim = self.dim + (self.fault == "dim")
        edges = view.matrix()
        src, dst = (
            rng.standard_normal((csr.rows, dim), np.float32) for csr in (edges.forward, edges.reverse)
        )
        if self.fault == "order":  # vectors of rows, whoever stands there
            src, dst = (np.cos(np.arange(x.size)).astype(np.float32).reshape(x.shape) for x in (src, dst))
        if self.fault == "weights":
            src *= edges.forward.weights().sum()
        return src, dst


class FaultyTests(MethodTests):
    def __init__(self, fault: str) -> None:
        self.fault = fault

    def make(self, relation: str | None = None, **parameters: Any) -> Method:
        solver = Faulty(fault=self.fault, **parameters)
        return ClosedForm(view=View.of(relation, nodes="all"), solver=solver)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_method_is_found(fault: str) -> None:
    for kind, test in FAULTS.items():
        check = getattr(FaultyTests(fault), test)
        if kind == fault:
            with pytest.raises(AssertionError):
                check()
        elif fault != "seed":
            check()


class Strange(Lookup):
    """A lookup whose network starts anew whatever the seed."""

    kind: Literal["strange"] = "strange"  # type: ignore[assignment]

    def build(self, view: GraphView, generator: torch.Generator) -> LookupNetwork:
        del generator
        return super().build(view, torch.Generator().manual_seed(int(torch.randint(2**31, (1,)))))


class StrangeTests(EncoderTests):
    def make(self, **parameters: Any) -> Encoder:
        return Strange(**{"dim": 8} | parameters)


def test_a_faulty_encoder_is_found(tmp_path: Path) -> None:
    tests = StrangeTests()
    tests.test_the_settings_survive_json_and_yaml()
    tests.test_its_output_names_the_node_types()
    with pytest.raises(AssertionError):
        tests.test_the_same_seed_gives_the_same_network()
    tests.test_loaded_from_its_export_it_gives_the_same_vectors(tmp_path)
