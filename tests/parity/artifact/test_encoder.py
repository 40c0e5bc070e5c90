"""Export and load of encoders: the same vectors, and nothing unsound is loaded."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.encoders import LightPropagation, Lookup, Network
from embedding_features.errors import ConfigError, SnapshotError
from embedding_features.graph import Graph
from embedding_features.graph.view import View


def encoder_of(settings: Lookup | LightPropagation) -> Network:
    rng = np.random.default_rng(0)
    edges = {("user", "saw", "item"): (rng.integers(0, 20, 99), rng.integers(0, 15, 99))}
    view = View().build(Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges))
    return settings.build(view, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("settings", [Lookup(dim=6, std=0.3), LightPropagation(dim=70, layers=2)])
def test_loaded_equals_exported(settings: Lookup | LightPropagation, tmp_path: Path) -> None:
    encoder = encoder_of(settings)
    files = export_encoder(encoder, tmp_path)
    assert sorted(f.name for f in files) == ["encoder.json", "encoder.safetensors"]
    loaded = load_encoder(tmp_path)
    assert loaded.settings == settings
    for node_type, vectors in encoder().items():
        np.testing.assert_array_equal(loaded()[node_type].detach(), vectors.detach())
    sum(v.square().sum() for v in loaded().values()).backward()  # a sub-model can be trained on
    assert all(p.grad.abs().sum() > 0 for p in loaded.parameters())


def test_a_module_that_is_no_network_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="class Linear cannot be exported"):
        export_encoder(nn.Linear(2, 2), tmp_path)


def test_an_unknown_kind_is_not_loaded(tmp_path: Path) -> None:
    export_encoder(encoder_of(Lookup(dim=2)), tmp_path)
    path = tmp_path / "encoder.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"encoder": {"kind": "builtins.eval"}}))
    with pytest.raises(ConfigError, match=r"no Encoder of kind 'builtins.eval'"):
        load_encoder(tmp_path)


def test_an_encoder_of_an_earlier_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """What the first format held: the fields of today are not asked for one by one."""
    export_encoder(encoder_of(Lookup(dim=2)), tmp_path)
    earlier = {"format": 1, "kind": "lookup", "dim": 2, "src": "user", "dst": "item", "shapes": {}}
    (tmp_path / "encoder.json").write_text(json.dumps(earlier))
    with pytest.raises(SnapshotError, match=r"earlier version of .* format 1; .* format 2\n.*pretrain again"):
        load_encoder(tmp_path)
    (tmp_path / "encoder.json").write_text(json.dumps(earlier | {"format": 3}))
    with pytest.raises(SnapshotError, match=r"format 3, .* reads format 2\n.*version .* that wrote it"):
        load_encoder(tmp_path)


@pytest.mark.parametrize("missing", ["encoder.json", "encoder.safetensors"])
def test_a_missing_file_is_an_error(missing: str, tmp_path: Path) -> None:
    export_encoder(encoder_of(Lookup(dim=2)), tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises((ConfigError, SnapshotError), match=missing):
        load_encoder(tmp_path)


@pytest.mark.parametrize("name", ["indices", "indptr", "weight"])
def test_arrays_that_are_no_graph_are_refused(name: str, tmp_path: Path) -> None:
    """The kernels trust indptr and indices: a wild one must not reach them."""
    export_encoder(encoder_of(LightPropagation(dim=2)), tmp_path)
    path = tmp_path / "encoder.safetensors"
    tensors, name = safetensors.torch.load_file(path), f"adjacency.{name}"
    if name.endswith("weight"):
        tensors[name] = tensors[name].double()
    else:
        tensors[name][1] = 10**6
    safetensors.torch.save_file(tensors, path)
    with pytest.raises(SnapshotError, match="not a graph of these nodes"):
        load_encoder(tmp_path)


def test_tensors_of_other_shapes_are_refused(tmp_path: Path) -> None:
    export_encoder(encoder_of(Lookup(dim=2)), tmp_path)
    path = tmp_path / "encoder.safetensors"
    tensors = safetensors.torch.load_file(path)
    safetensors.torch.save_file({**tensors, "table": tensors["table"][:-1]}, path)
    with pytest.raises(SnapshotError, match="shapes"):
        load_encoder(tmp_path)
