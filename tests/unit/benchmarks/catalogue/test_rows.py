"""The declared rows, and that what is written agrees with what is kept."""

import json

import pytest

from benchmarks.catalogue.data.manifest import READERS
from benchmarks.catalogue.families import ROWS
from benchmarks.catalogue.kept import FOLDER, summary, version
from benchmarks.catalogue.written import PAGE, all_kept, figures, page
from embedding_features.errors import DataError
from embedding_features.methods import get_method
from embedding_features.methods.measured import PATH
from jobs.commands.methods import method_details


@pytest.mark.parametrize("key", ROWS)
def test_a_declared_row_can_be_made(key: str) -> None:
    row = ROWS[key]
    assert row.data in READERS
    assert set(row.published) | set(row.floors) <= set(row.metrics)
    assert row.above is None or row.above.key in ROWS
    assert version(row, with_data=False).data is None


def test_every_kept_file_is_of_a_declared_row_and_says_what_it_declares() -> None:
    kept = all_kept()
    assert {path.name for path in FOLDER.iterdir()} == {f"{key}.json" for key in kept}
    for key, one in kept.items():
        row = ROWS[key]
        said = one.method, one.family, one.data, one.floors, one.published
        assert said == (row.name, row.family, row.data, row.floors, row.published), key
        assert (len(one.seeds), one.threads) == (row.seeds, row.threads), key
        assert (one.mean, one.spread) == summary(one.figures), key
        assert all(len(each) == len(one.seeds) for each in one.figures.values()), key


def test_the_page_of_methods_is_what_the_kept_rows_give() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, all_kept()) == text, "run python -m benchmarks.catalogue --kept --markdown"


def test_methods_say_what_was_measured() -> None:
    found = figures(all_kept())
    assert json.loads(PATH.read_text(encoding="utf-8")) == found, "run it with --markdown"
    for name, said in found.items():
        assert get_method(name).measured == method_details(name)["measured"] == said


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(DataError, match="catalogue:walk"):
        page("# Methods\n", {})
