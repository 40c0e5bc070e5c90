"""Which code a row depends on, and that only code counts."""

import pytest

from benchmarks.catalogue import sources
from benchmarks.catalogue.data.labelled import blogcatalog
from benchmarks.catalogue.judges.labels import LabelJudge
from embedding_features.methods import make

CODE = '''
"""What it is."""

def twice(x: int) -> int:
    """Return 2 x."""
    return 2 * x
'''


def test_comments_docstrings_and_layout_do_not_count() -> None:
    same = "def twice(\n    x: int,  # a number\n) -> int:\n    'Double.'\n\n    return 2*x\n"
    assert sources.plain_code(CODE) == sources.plain_code(same)
    assert sources.plain_code(CODE) != sources.plain_code(CODE.replace("2 *", "3 *"))
    assert sources.plain_code("class A:\n    'Only words.'\n") == "class A:\n    pass"


def test_imports_are_followed_within_the_rooms() -> None:
    found = sources.closure(sources.composition_modules(make("netmf")), sources.OF_VECTORS)
    own = {"embedding_features.solvers.proximity.netmf", "embedding_features.solvers.subspace"}
    assert own <= found
    assert "embedding_features.solvers.proximity.grarep" not in found  # which its package imports, too
    assert all(name.startswith(sources.OF_VECTORS) for name in found)


def test_a_trained_method_depends_on_its_loop_and_on_parts_of_parts() -> None:
    found = sources.closure(sources.composition_modules(make("complex")), sources.OF_VECTORS)
    rooms = {"training.loop", "scorers.complex", "objectives.n3", "sampling.queries", "methods.trained"}
    assert {f"embedding_features.{name}" for name in rooms} <= found
    assert not found & sources.composition_modules(make("netmf"))


@pytest.mark.parametrize(
    ("module", "line", "moves"),
    [
        ("embedding_features.solvers.proximity.netmf", "moved = 1\n", True),
        ("embedding_features.solvers.proximity.netmf", "# moved\n", False),
        ("embedding_features.evaluate.label_probe", "moved = 1\n", True),
        ("benchmarks.catalogue.data.labelled", "moved = 1\n", True),
        ("embedding_features.evaluate.filtered_rank", "moved = 1\n", False),
        ("embedding_features.solvers.proximity.grarep", "moved = 1\n", False),
    ],
)
def test_a_rows_hash_moves_with_its_code_alone(
    module: str, line: str, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sources._source

    def edited(name: str) -> str:
        return read(name) + (line if name == module else "")

    row = make("netmf"), LabelJudge(train_share=0.9), blogcatalog
    before = sources.row_code(*row)
    assert sources.row_code(*row) == before
    monkeypatch.setattr(sources, "_source", edited)
    assert (sources.row_code(*row) != before) == moves
