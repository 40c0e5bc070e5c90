"""Contract 3: other spaces and codebooks are refused by name."""

import pytest

from embedding_features.artifact import CodebookRecord, Space, check_codebooks, check_space
from embedding_features.errors import CompatibilityError

SPACE = Space(family="toy", version=1, dim=8, metric="dot", scorer="dot")


def record(book: str, column: str = "rq_tokens", node_type: str = "item") -> CodebookRecord:
    return CodebookRecord(id=book, kind="tokens", node_type=node_type, column=column, spec={})


def test_the_same_space_is_accepted() -> None:
    check_space(SPACE, SPACE.model_copy())


@pytest.mark.parametrize(
    "change", [{"family": "other"}, {"version": 2}, {"dim": 16}, {"metric": "cosine"}, {"scorer": "cosine"}]
)
def test_another_space_is_refused_with_both_names_and_the_difference(change: dict[str, object]) -> None:
    other = SPACE.model_copy(update=change)
    with pytest.raises(CompatibilityError) as error:
        check_space(SPACE, other)
    assert error.value.exit_code == 5
    assert all(
        text in str(error.value) for text in (str(SPACE), str(other), f"different {next(iter(change))}")
    )
    assert f"snapshot of {SPACE.id}, or train again on {other.id}" in error.value.fix


def test_codebooks_found_in_any_order_beside_others_are_accepted() -> None:
    expected = [record("a"), record("b", "pq_tokens")]
    check_codebooks(expected, [record("c", node_type="user"), *reversed(expected)])
    check_codebooks([], [record("a")])


def test_other_and_missing_codebooks_are_named() -> None:
    expected = [record("a"), record("b", "pq_tokens"), record("c", "bin_tokens")]
    with pytest.raises(CompatibilityError) as error:
        check_codebooks(expected, [record("a"), record("z", "pq_tokens"), record("c", "bin_tokens", "user")])
    assert "item pq_tokens: expected b, found z" in str(error.value)
    assert "item bin_tokens: expected c, found none" in str(error.value)
    assert "rq_tokens" not in str(error.value)
