"""Conformance tests of an encoder: what every encoder owes the methods and rankers that use it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.encoders import BipartiteEncoder, Encoder
from embedding_features.errors import ConfigError, SnapshotError
from embedding_features.graph.views import BipartiteView
from embedding_features.testing.graphs import clicks_view


class EncoderTests:
    """Checks the whole contract of an encoder's settings and of the network that they build.

    Subclass it in a test module under a name that begins with ``Test``, and override :meth:`make`; pytest
    finds the tests::

        class TestAttention(EncoderTests):
            def make(self, **parameters: Any) -> Encoder:
                return Attention(**{"dim": 8, "heads": 2} | parameters)

    An encoder of a kind that cannot be exported, or has no traced form, must say so when it is asked to.
    """

    def make(self, **parameters: Any) -> Encoder:
        """Return the settings under test.

        Override it.

        Args:
            parameters: settings to set, of ``dim`` (8 where it is not given) and ``std``.
        """
        raise NotImplementedError("override make(self, **parameters) and return your encoder's settings")

    def build(self, view: BipartiteView | None = None, seed: int = 0, **parameters: Any) -> BipartiteEncoder:
        """Build the network for ``view``, by default that of :func:`.clicks_view`."""
        return self.make(**parameters).build(view or clicks_view(), torch.Generator().manual_seed(seed))

    def test_the_settings_survive_json_and_yaml(self) -> None:
        """Check that settings written and read back by their ``kind`` are the same."""
        settings = self.make()
        data = settings.model_dump(mode="json")
        for again in (
            Encoder.model_validate_json(settings.model_dump_json()),
            Encoder.model_validate(yaml.safe_load(yaml.safe_dump(data))),
        ):
            assert again == settings
            assert type(again) is type(settings)

    def test_the_settings_cannot_be_changed(self) -> None:
        """Check that the settings are frozen."""
        with pytest.raises(ValueError, match="frozen"):
            self.make().dim = 9  # type: ignore[misc]

    def test_it_says_how_it_uses_weights(self) -> None:
        """Check that ``weights`` is one of the known uses, or None where no edges are read."""
        assert self.make().weights in (None, "ignored", "confidence", "signed", "values")

    @pytest.mark.parametrize("dim", [3, 8])
    def test_both_sides_have_finite_float32_vectors_of_the_dim_asked_for(self, dim: int) -> None:
        """Check shape, type and values of the vectors of a fresh network."""
        encoder = self.build(dim=dim)
        assert [tuple(side.shape) for side in encoder.sides()] == [(60, dim), (50, dim)]
        for side in encoder.sides():
            assert side.dtype == torch.float32
            assert bool(side.isfinite().all())

    def test_its_output_names_the_node_types(self) -> None:
        """Check that calling the network gives the vectors of its sides by node type."""
        encoder = self.build()
        assert encoder.settings == self.make()
        assert encoder.node_types == ("user", "item")
        output = encoder()
        assert list(output) == ["user", "item"]
        _assert_close(tuple(output.values()), encoder.sides())

    def test_the_same_seed_gives_the_same_network(self) -> None:
        """Check that the generator alone decides what the parameters start from."""
        one, same, other = self.build(seed=1), self.build(seed=1), self.build(seed=2)
        assert torch.equal(one.src, same.src)
        assert torch.equal(one.dst, same.dst)
        _assert_close(one.sides(), same.sides(), exactly=True)
        assert not torch.equal(one.src, other.src)

    def test_parameters_start_with_the_deviation_asked_for(self) -> None:
        """Check that parameters start around 0 with the standard deviation ``std``."""
        encoder = self.build(dim=512, std=0.02)
        for parameter in (encoder.src, encoder.dst):
            assert parameter.std().item() == pytest.approx(0.02, rel=0.05)
            assert abs(parameter.mean().item()) < 1e-3

    def test_gradients_reach_the_parameters_of_both_sides(self) -> None:
        """Check that the vectors are differentiable in every parameter."""
        encoder = self.build()
        torch.stack([side.square().sum() for side in encoder.sides()]).sum().backward()  # type: ignore[no-untyped-call]
        for parameter in encoder.parameters():
            assert parameter.grad is not None
            assert parameter.grad.abs().sum() > 0

    def test_another_graph_changes_the_vectors_only_if_it_reads_edges(self) -> None:
        """Check that a network that observed another graph is the one that is built for that graph."""
        encoder, fresh = self.build(), self.build(clicks_view(mirrored=True))
        before = [side.detach().clone() for side in encoder.sides()]
        parameters = [p.detach().clone() for p in encoder.parameters()]
        encoder.observe(clicks_view(mirrored=True))
        assert all(torch.equal(a, b) for a, b in zip(parameters, encoder.parameters(), strict=True))
        _assert_close(encoder.sides(), fresh.sides())
        if self.make().weights is None:
            _assert_close(encoder.sides(), (before[0], before[1]), exactly=True)

    def test_loaded_from_its_export_it_gives_the_same_vectors(self, tmp_path: Path) -> None:
        """Check the exported and loaded network to 1e-6; a kind that is not exported must be refused."""
        encoder = self.build()
        try:
            export_encoder(encoder, tmp_path)
        except SnapshotError as error:
            if "cannot be exported" not in str(error):
                raise
            pytest.skip("it is of no kind that can be exported")
        loaded = load_encoder(tmp_path)
        assert loaded.settings == encoder.settings
        output = loaded()
        _assert_close((output["user"], output["item"]), encoder.sides())

    def test_its_traced_form_gives_the_same_vectors(self) -> None:
        """Check the form for ``torch.export`` to 1e-6; a network without one must say so."""
        encoder, matrix = self.build(), clicks_view().forward
        rows = (torch.from_numpy(at.astype(np.int64)) for at in (matrix.sources(), matrix.indices))
        try:
            traced = encoder.traced()
        except ConfigError as error:
            if "no form for export" not in str(error):
                raise
            pytest.skip("it has no traced form")
        edges = () if self.make().weights is None else (*rows, torch.from_numpy(matrix.weights()))
        _assert_close(traced(edges), encoder.sides())


def _assert_close(one: tuple[Tensor, ...], other: tuple[Tensor, ...], exactly: bool = False) -> None:
    tolerance = 0.0 if exactly else 1e-6
    for ours, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=0)
