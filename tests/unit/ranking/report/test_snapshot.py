"""A snapshot's page: figures beside plain counts; one file that holds them, escaped, the same bytes again."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.artifact import Snapshot, write_snapshot
from embedding_features.derive import Features, derive, load_codebooks
from embedding_features.errors import ConfigError, DataError
from embedding_features.progress import SILENT
from embedding_features.space import check_health, column_batches
from embedding_features.space.drift import drift
from jobs.commands.report import snapshot_page
from ranking.report.snapshot import figures as module
from ranking.report.snapshot.codebooks import codebook_use
from ranking.report.snapshot.figures import node_figures, shown_rows
from ranking.report.snapshot.findings import snapshot_findings
from ranking.report.snapshot.health import recorded_checks
from ranking.report.snapshot.map import lay_out
from ranking.report.snapshot.search import SCRIPT
from ranking.report.snapshot.titles import TitleSource
from tests.browser.made_snapshots import GROUPS, made_snapshots, made_titles
from tests.unit.derive.made_embeddings import embeddings, table
from tests.unit.ranking.report.test_report import HOSTILE, Page


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("snapshots")


@pytest.fixture(scope="module")
def pair(root: Path) -> tuple[Snapshot, Snapshot]:
    return made_snapshots(root / "runs")


@pytest.fixture(scope="module")
def titles(root: Path) -> str:
    return f"{made_titles(root / 'titles.parquet', HOSTILE)}:item_id:title"


@pytest.fixture(scope="module")
def html(root: Path, pair: tuple[Snapshot, Snapshot], titles: str) -> str:
    path = root / "page.html"
    snapshot_page(pair[1].folder, [titles], None, path, "embedding-features report", SILENT)
    return path.read_text()


def test_rows_shown_are_evenly_spaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_rows(5).tolist() == [0, 1, 2, 3, 4]
    monkeypatch.setattr(module, "SHOWN", 4)
    assert shown_rows(10).tolist() == [0, 3, 6, 9]
    assert shown_rows(1).tolist() == [0]


def test_figures_as_read_whole(pair: tuple[Snapshot, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a sample, and where tables come in many pieces."""
    monkeypatch.setattr(module, "SHOWN", 30)
    monkeypatch.setattr(column_batches, "_ROWS", 16)
    snapshot = pair[1]
    found = node_figures(snapshot, "item")
    rows = shown_rows(120)
    near, clusters = snapshot.table("item", "neighbours"), snapshot.table("item", "clusters")
    first = np.array([ids[0] for ids in clusters.column("cluster_ids").to_pylist()])
    assert (found.count, found.catalogue, len(rows)) == (120, 120, 30)
    assert found.ids.to_pylist() == [int(row) * 3 for row in rows]
    np.testing.assert_allclose(
        found.norms, np.linalg.norm(snapshot.vectors("item").vectors, axis=1), rtol=1e-6
    )
    assert found.clusters is not None
    assert found.clusters.tolist() == first[rows].tolist()
    assert found.sizes.tolist() == np.bincount(first).tolist()
    assert found.weights is not None
    assert found.weights.tolist() == [clusters.column("cluster_weights")[int(r)].as_py()[0] for r in rows]
    assert found.neighbourhood is not None
    assert found.neighbourhood.ids.to_pylist() == [
        key for row in rows for key in near.column("neighbour_ids")[int(row)].as_py()
    ]
    assert found.neighbourhood.scores.tolist() == [
        near.column("neighbour_scores")[int(row)].as_py() for row in rows
    ]


def test_map_keeps_planted_groups_together_and_is_the_same_again() -> None:
    rng = np.random.default_rng(0)
    group = np.arange(400) % 8
    vectors = (6 * rng.normal(size=(8, 16))[group] + rng.normal(size=(400, 16))).astype(np.float32)
    places = lay_out(vectors)
    assert places is not None
    assert places.min() == 0
    assert places.max() == 1
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    nearest = np.argsort(distance, axis=1)[:, 1:6]
    assert (group[nearest] == group[:, None]).mean() > 0.98
    assert (lay_out(vectors) == places).all()


def test_no_map_of_nothing() -> None:
    """Few vectors, equal ones, ones on a line."""
    line = np.outer(np.arange(50), np.ones(4)).astype(np.float32)
    assert lay_out(np.eye(9, dtype=np.float32)) is None
    assert lay_out(np.ones((50, 4), np.float32)) is None
    assert lay_out(line) is None
    assert lay_out(line[:, :1]) is None


def test_codebooks_as_counted_plainly(
    pair: tuple[Snapshot, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_batches, "_ROWS", 16)
    uses = {(use.record.node_type, use.record.column): use for use in codebook_use(pair[1])}
    assert len(uses) == 6
    tokens = np.array(pair[1].table("item", "tokens").column("pq_tokens").to_pylist())
    use = uses["item", "pq_tokens"]
    assert use.codes == 8
    assert use.used.tolist() == [len(set(position)) for position in tokens.T]
    for position, effective in zip(tokens.T, use.effective, strict=True):
        share = np.unique(position, return_counts=True)[1] / len(position)
        assert effective == pytest.approx(np.exp(-(share * np.log(share)).sum()))
    first = [ids[0] for ids in pair[1].table("user", "clusters").column("cluster_ids").to_pylist()]
    assert uses["user", "cluster_ids"].used.tolist() == [len(set(first))]
    assert uses["item", "bin_tokens"].codes == 4


def test_health_is_judged_as_the_gate_does(pair: tuple[Snapshot, Snapshot]) -> None:
    """One rule in two places: the gate's over the vectors, the report's over what the gate recorded."""
    snapshot = pair[1]
    tables = {(t, "clusters"): snapshot.table(t, "clusters") for t in snapshot.manifest.nodes}
    again = Features(
        snapshot.embeddings(), snapshot.manifest.space, tables, load_codebooks(snapshot), {}
    )  # fmt: skip
    checks = check_health(again).checks
    assert len(checks) == 14
    assert recorded_checks(snapshot.manifest) == list(checks)
    unknown = snapshot.manifest.model_copy(update={"health": {"item": {"a_new_figure": 1.0}}})
    assert recorded_checks(unknown) == []


def test_titles_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a=b.parquet"
    pq.write_table(pa.table({"key": [3, 1, 3, 2], "name": ["three", "one", "again", None]}), path)
    source = TitleSource.parse(f"item={path}:key:name", ["item", "user"])
    assert source == TitleSource("item", path, "key", "name")
    assert source.read(pa.array([1, 2, 3, 3, 4])) == {1: "one", 3: "three"}
    assert source.read(pa.array(["3", "x"])) == {"3": "three"}
    assert TitleSource.parse(f"{path}:user_id:name", ["item", "user"]).node_type == "user"


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("titles.parquet", ConfigError, "not of the form"),
        ("titles.parquet::name", ConfigError, "not of the form"),
        ("titles.parquet:movie:name", ConfigError, "write the type first, as item=titles.parquet:movie:name"),
        ("other=titles.parquet:movie:name", ConfigError, "no node type"),
        ("nowhere.parquet:item_id:name", DataError, "no table of titles"),
        ("titles.parquet:item_id:name", DataError, "no column 'name'"),
        ("titles.parquet:item_id:tags", DataError, "as text"),
        ("notes.txt:item_id:name", DataError, "not Parquet"),
    ],
)
def test_titles_that_cannot_be_read(
    text: str, error: type[Exception], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"item_id": [1], "tags": [[1, 2]]}), "titles.parquet")
    Path("notes.txt").write_text("no table")
    with pytest.raises(error, match=re.escape(words)):
        TitleSource.parse(text, ["item", "user"]).read(pa.array([1]))


def test_page_is_well_formed_and_asks_for_nothing(html: str) -> None:
    page = Page(html)
    assert page.open == []
    for tag in ("link", "img", "iframe", "object", "base", "form"):
        assert page.tags[tag] == 0
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("href", "xlink:href", "src"):
            assert value.startswith("#")
            assert value[1:] in ids


def test_only_the_search_may_run(html: str) -> None:
    """Hostile titles are text; the policy names the one script by its hash."""
    page = Page(html)
    assert page.tags["script"] == 1
    assert f"<script>{SCRIPT}</script>" in html
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    (policy,) = [v for n, v in page.attributes if n == "content" and "default-src" in v]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert HOSTILE in page.text


def test_every_node_is_on_the_map_and_in_the_list(html: str) -> None:
    page = Page(html)
    assert page.tags["circle"] == 60 + 120
    assert page.tags["details"] == 60 + 120
    assert page.tags["li"] >= 180 * 5
    assert page.text.count("blue film no. 1 ") >= 2  # a dot's title, its entry


def test_neighbours_are_of_the_planted_group(html: str) -> None:
    """What a person would look for: the neighbours of a red film are red films."""
    entries = re.findall(r"<summary>The (\w+) film(.*?)</ol>", html, flags=re.DOTALL)
    near = [(colour, re.findall(r"<li>.*?The (\w+) film", listed)) for colour, listed in entries]
    assert len(near) == 110
    assert len({colour for colour, _ in near}) == GROUPS
    assert np.mean([colour == one for colour, others in near for one in others]) > 0.9


def test_tells_what_was_measured(html: str, pair: tuple[Snapshot, Snapshot]) -> None:
    text, made = Page(html).text, pair[1].manifest
    assert made.alignment is not None
    sentences = snapshot_findings(recorded_checks(made), drift(pair[1], pair[0]), pair[0].manifest)
    for words in (
        *sentences,
        f"residual of {made.alignment.residual:.3f}",
        "110 ids shared",
        "10 new",
        pair[0].manifest.run_id,
        made.space.id,
        "All 120 vectors, laid out by t-SNE",
        "110 have a title",
        "mean nothing",
        "layers", "[1, 2]", "1,234", "without time", "embedding-features report",
    ):  # fmt: skip
        assert words in text, words
    assert text.index(sentences[0]) < text.index("Health As recorded")


def test_same_snapshot_same_bytes(
    html: str, pair: tuple[Snapshot, Snapshot], titles: str, tmp_path: Path
) -> None:
    """In another process too, called as a person does, against a parent that is named."""
    command = [
        sys.executable, "-c", "from jobs.cli import main; main()", "report", "snapshot",
        str(pair[1].folder), "--titles", titles, "--parent", str(pair[0].folder),
        "--to", str(tmp_path / "again.html"), "--json",
    ]  # fmt: skip
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert told["healthy"] is True
    assert [row["shared"] for row in told["drift"]] == [60, 110]
    again = (tmp_path / "again.html").read_text()
    without = [re.sub(r"Again: <code>.*?</code>", "", page) for page in (html, again)]
    assert without[0] == without[1]


def test_a_first_snapshot_of_vectors_alone(tmp_path: Path) -> None:
    """No parent, no health, no clusters, no neighbours, no map: the page says so, or says nothing."""
    vectors = np.eye(3, 4, dtype=np.float32)
    snapshot = write_snapshot(embeddings({"item": table("item", vectors)}, dim=4), tmp_path / "runs")
    told = snapshot_page(snapshot.folder, [], None, tmp_path / "page.html", "again", SILENT)
    page = Page((tmp_path / "page.html").read_text())
    assert told["healthy"] is None
    assert told["drift"] == []
    assert "There is no earlier snapshot" in page.text
    assert "too few different vectors" in page.text
    assert "No health figures" in page.text
    for absent in ("Drift since", "Codebooks", "Neighbours"):
        assert absent not in page.text


def test_says_what_fails(pair: tuple[Snapshot, Snapshot]) -> None:
    checks = recorded_checks(pair[1].manifest)
    broken = [replace(checks[0], value=2.0), *checks[1:]]
    headline, health, *_ = snapshot_findings(broken, (), None)
    assert headline == "Unhealthy: 1 of 14 figures fail; the first of its kind here."
    assert "user nan_or_inf 2, must be <= 0" in health


def test_drift_of_another_space_is_said(pair: tuple[Snapshot, Snapshot], tmp_path: Path) -> None:
    made = pair[1].embeddings()
    newer = pair[1].manifest.space.model_copy(update={"version": 2})
    other = write_snapshot(derive(made, space=newer), tmp_path / "runs", space=newer)
    snapshot_page(other.folder, [], pair[0].folder, tmp_path / "page.html", "again", SILENT)
    text = Page((tmp_path / "page.html").read_text()).text
    assert "lives in another space" in text
    assert "in another space than the last snapshot" in text
