"""Contract 4 in the artifact: one vector, out of the table, the file and the encoder."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

from embedding_features.artifact import Embeddings, Snapshot, write_snapshot
from embedding_features.encoders import Encoder, LightPropagation, Lookup, Network
from embedding_features.graph import Graph
from embedding_features.graph.view import View
from embedding_features.space import align, place
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table


def fitted(settings: Encoder, seed: int, as_of: object = AS_OF) -> Embeddings:
    """Embeddings that are the output of an (untrained) network over a random graph."""
    rng = np.random.default_rng(0)
    edges = (
        np.concatenate([np.arange(30), rng.integers(0, 30, 200)]),
        np.concatenate([np.arange(30), rng.integers(0, 40, 200)]),
    )
    graph = Graph.from_arrays(AS_OF, {("user", "rates", "item"): edges})
    view = View().build(graph)
    encoder = settings.build(view, torch.Generator().manual_seed(0))
    noise = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(settings.dim, settings.dim, generator=noise))[0]
    with torch.no_grad():  # later fits: the same parameters, a little off and turned
        for parameter in encoder.row_parameters().values():
            parameter.copy_((parameter + 0.01 * seed * torch.randn(parameter.shape, generator=noise)) @ basis)
    return embeddings(
        {
            t: table(t, vectors, graph.vocabularies[t].ids.to_numpy())
            for t, vectors in output(encoder).items()
        },
        as_of=as_of,
        encoder=encoder,
    )


def output(encoder: object) -> dict[str, np.ndarray]:
    assert isinstance(encoder, Network)
    with torch.no_grad():
        return {node_type: vectors.numpy() for node_type, vectors in encoder().items()}


@pytest.mark.parametrize(
    "settings", [Lookup(dim=16), LightPropagation(dim=16, layers=3)], ids=lambda s: s.kind
)
def test_encoder_table_and_file_agree_before_and_after_alignment(settings: Encoder, tmp_path: Path) -> None:
    first = write_snapshot(fitted(settings, seed=0), tmp_path / "runs")
    later = fitted(settings, seed=1, as_of=AS_OF + timedelta(days=1))
    placement = place(later, first)
    assert placement.space == first.manifest.space
    assert not np.allclose(
        placement.embeddings.tables["user"].vectors, later.tables["user"].vectors, atol=1e-3
    )
    second = write_snapshot(
        placement.embeddings, tmp_path / "runs", alignment=placement.alignment, parent=first.manifest.run_id
    )
    for snapshot, made in ((first, fitted(settings, seed=0)), (second, placement.embeddings)):
        back = Snapshot.open(snapshot.folder).embeddings()
        for node_type, vectors in output(back.encoder).items():
            np.testing.assert_array_equal(back.tables[node_type].vectors, made.tables[node_type].vectors)
            np.testing.assert_allclose(vectors, back.tables[node_type].vectors, atol=1e-6)


def test_alignment_leaves_the_fitted_network_as_it_was(tmp_path: Path) -> None:
    first = write_snapshot(fitted(Lookup(dim=16), seed=0), tmp_path / "runs")
    later = fitted(Lookup(dim=16), seed=1, as_of=AS_OF + timedelta(days=1))
    before = output(later.encoder)["user"].copy()
    align(later, first)
    np.testing.assert_array_equal(output(later.encoder)["user"], before)


def test_a_published_copy_holds_the_same_bits(tmp_path: Path) -> None:
    source = write_snapshot(fitted(LightPropagation(dim=16), seed=0), tmp_path / "runs")
    copy = source.copy_to(tmp_path / "repo" / "s" / "run", published=AS_OF + timedelta(hours=1))
    for node_type in ("user", "item"):
        assert copy.vectors(node_type).vectors.tobytes() == source.vectors(node_type).vectors.tobytes()
    before, after = (output(s.embeddings().encoder) for s in (source, copy))
    assert all(before[t].tobytes() == after[t].tobytes() for t in before)
