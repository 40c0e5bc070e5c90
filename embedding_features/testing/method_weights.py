"""Conformance tests of how a method uses the weights of edges."""

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.testing.graphs import taken_back, weighted
from embedding_features.testing.method_case import MethodCase, vectors_of

#: weights that each use accepts
_ACCEPTED = {
    "ignored": {"above 0"},
    "confidence": {"above 0", "some 0"},
    "signed": {"above 0", "dislikes", "all dislikes"},
    "values": {"above 0", "some 0", "all 0", "dislikes", "all dislikes", "both"},
}
_CYCLES = {
    "above 0": [0.5, 2.0, 7.0],
    "some 0": [0.0, 1.0, 3.0],
    "all 0": [0.0],
    "dislikes": [1.0, -1.0, 2.0],
    "all dislikes": [-1.0],
    "both": [1.0, 0.0, -1.0, -2.0],
}


class MethodWeightTests(MethodCase):
    """Checks that weights are used as the method's parts declare, and others refused."""

    @pytest.mark.parametrize("case", _CYCLES)
    def test_weights_are_read_as_declared_or_refused_by_name_and_count(self, case: str) -> None:
        """Check that weights which a part would misread are refused, naming the relation and how many."""
        graph, method = weighted(_CYCLES[case]), self.make()
        refusing = [use for use in method.weight_uses if case not in _ACCEPTED[use]]
        if not refusing:
            assert all(np.isfinite(side).all() for side in vectors_of(method.fit(graph)))
            return
        weight = graph.relation().forward.weights()
        negative = int((weight < 0).sum()) * (refusing[0] != "signed")
        counts = {"negative": negative, "zero": int((weight == 0).sum())}
        with pytest.raises(GraphError, match="relation 'saw' has ") as refusal:
            method.fit(graph)
        message = str(refusal.value)
        assert all(f"{count} {kind}" in message for kind, count in counts.items() if count)
        assert f"among its {len(weight)} pairs" in message
        assert "filter" in (refusal.value.fix or "")
        assert ("bpmf" in (refusal.value.fix or "")) == bool(negative)

    def test_weights_move_the_vectors_unless_they_are_ignored(self) -> None:
        """Check that weights have an effect where they are read."""
        uses = set(self.make().weight_uses)
        # Signed weights of one sign are all likes: a few dislikes move the vectors.
        cycle = [1.0, 1.0, -1.0] if uses == {"signed"} else _CYCLES["above 0"]
        one, other = (vectors_of(self.make().fit(weighted(w), seed=3)) for w in ([1.0], cycle))
        same = all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        assert same == (uses == {"ignored"})

    def test_an_edge_taken_back_is_no_like(self) -> None:
        """Check that a pair's weights are added up: 1 and -1 are 0, 2 and -1 are 1."""
        method = self.make(dim=2)
        if set(method.weight_uses) <= {"confidence", "values"}:
            method.fit(taken_back(1.0))
        else:
            with pytest.raises(GraphError, match="1 zero weights among its 12 pairs"):
                method.fit(taken_back(1.0))
        method.fit(taken_back(2.0))
