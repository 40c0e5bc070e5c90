"""What a snapshot's page and its JSON say of fresh vectors is what the manifest recorded."""

import re
from pathlib import Path

import pytest

from embedding_features.artifact import Snapshot, write_snapshot
from embedding_features.methods import als
from embedding_features.progress import SILENT
from embedding_features.space import check_health, fresh_records
from jobs.commands.report import snapshot_page
from ranking.report.page import fixed
from ranking.report.snapshot.findings import fresh_findings
from tests.unit.ranking.report.test_report import Page
from tests.unit.space.test_fresh_records import NOW, THEN, graph


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    """A first snapshot, and its child."""
    root, made = tmp_path_factory.mktemp("runs"), list[Snapshot]()
    for moment in (THEN, NOW):
        known, parent = graph(moment), made[-1] if made else None
        fitted = als(dim=4).fit(known)
        made.append(
            write_snapshot(
                fitted,
                root,
                parent=parent.manifest.run_id if parent else None,
                health=check_health(fitted, graph=known).figures,
                fresh=fresh_records(fitted, known, parent),
            )
        )
    return made


def test_the_page_has_every_figure(snapshots: list[Snapshot], tmp_path: Path) -> None:
    child = snapshots[1].manifest
    told = snapshot_page(snapshots[1].folder, [], None, tmp_path / "page.html", "again", SILENT)
    text = Page((tmp_path / "page.html").read_text()).text
    section = text[text.index("Fresh vectors A fresh vector is") :]
    for record in child.fresh.values():
        since = record.since_parent
        assert since is not None
        for found in (record.own, *since.moved.values()):
            values = [found.mean, *found.quantiles.values()]
            cells = [str(found.count), *(fixed(value, 3) for value in values)]
            assert "".join(cells) in re.sub(r"\s", "", section)
        assert f"Of {since.nodes} with events by then, {since.stored} had a vector in it; " in section
        assert f"{since.reachable - since.stored} had only a fresh one" in section
    sentences = fresh_findings(child.fresh)
    assert len(sentences) == 2
    assert all(sentence in text for sentence in sentences)
    assert {"finding": sentences[0]} in told["findings"]


def test_the_json_has_a_row_for_each_number_of_new_events(snapshots: list[Snapshot], tmp_path: Path) -> None:
    child = snapshots[1].manifest
    told = snapshot_page(snapshots[1].folder, [], None, tmp_path / "page.html", "again", SILENT)
    since = child.fresh["user"].since_parent
    assert since is not None
    rows = [row for row in told["fresh"] if row["of"] == "user"]
    assert [row["new events"] for row in rows] == [None, *since.moved]
    assert rows[0]["mean cosine"] == child.fresh["user"].own.mean
    assert rows[-1]["95%"] == list(since.moved.values())[-1].quantiles["95%"]
    assert {"of": "user", "figure": "fresh_coverage", "value": 1.0} in told["coverage"]
    assert len(told["coverage"]) == 4


def test_a_first_snapshot_has_no_second_part(snapshots: list[Snapshot], tmp_path: Path) -> None:
    told = snapshot_page(snapshots[0].folder, [], None, tmp_path / "page.html", "again", SILENT)
    text = Page((tmp_path / "page.html").read_text()).text
    assert "Fresh vectors A fresh vector is" in text
    assert "new events" not in text
    assert [row["new events"] for row in told["fresh"]] == [None, None]
    assert fresh_findings(snapshots[0].manifest.fresh) == []


def test_a_sentence_says_whom_fresh_vectors_reached(snapshots: list[Snapshot]) -> None:
    (first, _) = fresh_findings(snapshots[1].manifest.fresh)
    since = snapshots[1].manifest.fresh["user"].since_parent
    assert since is not None
    stored, reached = (100 * count / since.nodes for count in (since.stored, since.reachable))
    assert first.startswith(
        f"user: of {since.nodes} with events, the snapshot of 2026-01-10 00:00 UTC had a vector of "
        f"{stored:.1f} %, and with fresh ones reached {reached:.1f} %; median cosine between the two with "
    )
