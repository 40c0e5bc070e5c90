"""Conformance tests of an encoder: what every encoder owes the methods and rankers that use it."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.encoders import EncodedPairs, Encoder, HistoryNetwork, Network
from embedding_features.errors import ConfigError
from embedding_features.graph.sequences import sequences
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Examples
from embedding_features.testing.graphs import clicks_view, weighted


class EncoderTests:
    """Checks the whole contract of an encoder's settings and of the network that they build.

    Subclass it in a test module under a name that begins with ``Test``, and override :meth:`make`; pytest
    finds the tests::

        class TestAttention(EncoderTests):
            def make(self, **parameters: Any) -> Encoder:
                return Attention(**{"dim": 8, "heads": 2} | parameters)

    A network without a traced form must say so when it is asked for it.
    """

    def make(self, **parameters: Any) -> Encoder:
        """Return the settings under test.

        Override it.

        Args:
            parameters: settings to set, of ``dim`` (8 where it is not given) and ``std``.
        """
        raise NotImplementedError("override make(self, **parameters) and return your encoder's settings")

    def build(self, view: GraphView | None = None, seed: int = 0, **parameters: Any) -> Network:
        """Build the network, in the mode of evaluation, for ``view``, by default :func:`.clicks_view`."""
        generator = torch.Generator().manual_seed(seed)
        return self.make(**parameters).build(view or clicks_view(), generator).eval()

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
    def test_all_nodes_have_finite_float32_vectors_of_the_dim_asked_for(self, dim: int) -> None:
        """Check shape, type and values of the vectors of a fresh network."""
        vectors = self.build(dim=dim).vectors()
        assert tuple(vectors.shape) == (110, dim)
        assert vectors.dtype == torch.float32
        assert bool(vectors.isfinite().all())

    def test_its_output_names_the_node_types(self) -> None:
        """Check that calling the network gives its published vectors by node type."""
        network = self.build()
        assert network.settings == self.make()
        assert network.counts == {"user": 60, "item": 50}
        assert network.relations == {"saw": ("user", "item")}
        output = network()
        assert list(output) == ["user", "item"]
        _assert_close(torch.cat(list(output.values())), network.vectors())

    def test_the_same_seed_gives_the_same_network(self) -> None:
        """Check that the generator alone decides what the parameters start from."""
        one, same, other = self.build(seed=1), self.build(seed=1), self.build(seed=2)
        for a, b in zip(one.parameters(), same.parameters(), strict=True):
            assert torch.equal(a, b)
        _assert_close(one.vectors(), same.vectors(), exactly=True)
        assert not torch.equal(one.vectors(), other.vectors())

    def test_row_parameters_have_a_row_for_each_node_and_start_with_the_deviation_asked_for(self) -> None:
        """Check that parameters of nodes start around 0 with the standard deviation ``std``."""
        network = self.build(dim=512, std=0.02)
        for name, parameter in network.row_parameters().items():
            assert network.get_parameter(name) is parameter
            assert len(parameter) == 110
            assert parameter.std().item() == pytest.approx(0.02, rel=0.05)
            assert abs(parameter.mean().item()) < 1e-3

    def test_gradients_reach_every_parameter(self) -> None:
        """Check that the encoded examples are differentiable in every parameter."""
        network = self.build()
        rows = torch.arange(60), torch.arange(60, 110).repeat(2)[:60], torch.arange(60, 110)
        encoded, ego = network.encode(Examples(*rows))
        assert encoded.src.shape == ego.src.shape == (60, 8)
        assert encoded.negatives.shape == (50, 8)
        loss = encoded.src.square().sum() + (encoded.dst * encoded.src.detach().flip(1)).sum()
        if isinstance(encoded, EncodedPairs):
            loss = loss + encoded.positive.sum() + encoded.negative.square().sum()
        for view in encoded.views or ():
            loss = loss + (view.src * view.dst).square().sum()
        (loss + encoded.negatives.square().sum()).backward()  # type: ignore[no-untyped-call]
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name

    def test_examples_are_encoded_as_rows_of_its_vectors(self) -> None:
        """Check that a step that does not train, by noise or what it leaves out, sees these vectors."""
        network = self.build().eval()
        examples = Examples(torch.tensor([3, 0]), torch.tensor([70, 61]), torch.tensor([[99], [64]]))
        encoded, _ = network.encode(examples)
        vectors = network.vectors()
        _assert_close(encoded.src, vectors[[3, 0]])
        _assert_close(encoded.negatives.squeeze(1), vectors[[99, 64]])

    def test_another_graph_changes_the_vectors_only_if_it_reads_edges(self) -> None:
        """Check that a network that observed another graph is the one that is built for that graph."""
        network, fresh = self.build(), self.build(clicks_view(mirrored=True))
        before = network.vectors().detach().clone()
        parameters = [p.detach().clone() for p in network.parameters()]
        network.observe(clicks_view(mirrored=True))
        assert all(torch.equal(a, b) for a, b in zip(parameters, network.parameters(), strict=True))
        _assert_close(network.vectors(), fresh.vectors())
        if self.make().weights is None:
            _assert_close(network.vectors(), before, exactly=True)

    def test_a_rotation_turns_what_is_published_and_nothing_else(self) -> None:
        """Check that any network follows the alignment of its vectors, twice as well."""
        network = self.build()
        before = network.vectors().detach().clone()
        one, two = (torch.linalg.qr(torch.randn(8, 8)).Q for _ in range(2))
        network.rotate(one.numpy())
        network.rotate(two.numpy())
        _assert_close(network.vectors(), before, exactly=True)
        _assert_close(torch.cat(list(network().values())), before @ one @ two, tolerance=1e-5)

    def test_loaded_from_its_export_it_gives_the_same_vectors(self, tmp_path: Path) -> None:
        """Check the exported and loaded network, its graph and its rotation with it, to 1e-6."""
        network = self.build()
        network.rotate(torch.linalg.qr(torch.randn(8, 8)).Q.numpy())
        export_encoder(network, tmp_path)
        loaded = load_encoder(tmp_path)
        assert loaded.settings == network.settings
        assert loaded.counts == network.counts
        for node_type, vectors in network().items():
            _assert_close(loaded()[node_type], vectors)

    def test_nodes_can_be_added(self) -> None:
        """Check that new nodes at the end of a type's rows leave the others' parameters as they are."""
        network = self.build()
        before = {name: p.detach().clone() for name, p in network.row_parameters().items()}
        network.grow({"user": 2})
        assert network.counts == {"user": 62, "item": 50}
        for name, parameter in network.row_parameters().items():
            assert torch.equal(parameter[:60], before[name][:60])
            assert torch.equal(parameter[62:], before[name][60:])
            assert not parameter[60:62].any()

    def test_histories_give_the_vectors_of_their_sources(self) -> None:
        """Check that a network that reads histories makes of those of its graph the vectors that it has."""
        view = View(nodes="all").build(weighted([1.0]))
        network, events = self.build(view), sequences(view)
        if not isinstance(network, HistoryNetwork):
            pytest.skip("it reads no histories")
        windows = events.windows(events.indptr[:-1], events.indptr[1:], int(events.counts.max()))
        _assert_close(network.of_histories(windows, torch.arange(60)), network.vectors()[:60])

    def test_its_traced_form_gives_the_same_vectors(self) -> None:
        """Check the form for ``torch.export`` to 1e-6; a network without one must say so."""
        network = self.build()
        try:
            traced = network.traced(*network.edges())
        except ConfigError as error:
            if "no form for export" not in str(error):
                raise
            pytest.skip("it has no traced form")
        _assert_close(traced, network.vectors())


def _assert_close(ours: Tensor, theirs: Tensor, exactly: bool = False, tolerance: float = 1e-6) -> None:
    torch.testing.assert_close(ours, theirs, atol=0.0 if exactly else tolerance, rtol=0)
