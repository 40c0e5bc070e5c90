"""The pipelines that are shipped can be loaded, and their methods made."""

import pytest

from embedding_features.methods import get_method
from jobs.pipeline import load_pipeline
from tests.paths import ROOT

CONFIGS = ROOT / "jobs" / "configs"
#: pipelines that stand for a family of methods, and what the family is called
FAMILIES = {
    "walk": {"random walk"},
    "proximity": {"proximity"},
    "kg": {"knowledge graph"},
    "collaborative": {"collaborative"},
    "inductive": {"inductive"},
    "retrieval": {"retrieval", "sequential"},
}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_pipeline_is_whole(path):
    pipeline = load_pipeline(path)
    for pretrain in pipeline.methods:
        named = pretrain.composition().view.relations
        assert not isinstance(named, tuple) or set(named) <= set(pipeline.graph.relations)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_pipeline_of_a_family_shows_methods_of_it(name):
    shown = [pretrain.method for pretrain in load_pipeline(CONFIGS / f"{name}.yaml").methods]
    assert len(shown) > 1
    assert {get_method(method).family for method in shown} <= FAMILIES[name]
