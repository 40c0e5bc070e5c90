"""MovieLens-100K from three sources: the same rows, and a clear error for everything that is not it."""

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.datasets import get_ml100k, read_card
from embedding_features.datasets.movielens import ML_100K, SCHEMAS, Release, fingerprint
from embedding_features.errors import DataError

GENRES = 19
USERS = [(1, 24, "M", "technician", "85711"), (2, 53, "F", "other", "02138"), (3, 7, "M", "none", "V0R2M")]
#: id, title, year, genres as positions in u.item's flags, release date
ITEMS = [
    (1, "Toy Story", "1995", [3, 4, 5], "01-Jan-1995"),
    (2, "Misérables, Les", "1995", [8], "02-Feb-1996"),
    (3, "unkonwn", "unkonwn", [0], ""),
    (4, "2001: A Space Odyssey", "1968", [8, 10, 15], "01-Jan-1968"),
]
NAMES = {
    0: "unknown",
    3: "Animation",
    4: "Children's",
    5: "Comedy",
    8: "Drama",
    10: "Film-Noir",
    15: "Sci-Fi",
}
RATINGS = [
    (2, 4, 5, 881250949),
    (1, 2, 3, 881250949),
    (1, 1, 4, 881250949),
    (1, 3, 1, 874965478),
    (3, 1, 2, 893286638),
]
KG = [("m.2", "film.genre", "m.9"), ("m.1", "film.actor", "m.8")]
LINKS = [(4, "m.2"), (1, "m.1")]
#: by hand: (user, item, rating, seconds) by user, time, item
SORTED = [
    (1, 3, 1, 874965478),
    (1, 1, 4, 881250949),
    (1, 2, 3, 881250949),
    (2, 4, 5, 881250949),
    (3, 1, 2, 893286638),
]


def _title(name: str, year: str) -> str:
    return "unknown" if year == "unkonwn" else f"{name} ({year})"


def _lines(rows: list[tuple[object, ...]], header: str = "", separator: str = "\t") -> str:
    return "".join(
        line + "\n" for line in ([header] if header else []) + [separator.join(map(str, r)) for r in rows]
    )


def _recbole() -> dict[str, str]:
    genres = [(i, t, y, " ".join(NAMES[g] for g in gs)) for i, t, y, gs, _ in ITEMS]
    return {
        "interactions": _lines(RATINGS, "user_id:token\titem_id:token\trating:float\ttimestamp:float"),
        "users": _lines(USERS, "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token"),
        "items": _lines(genres, "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"),
        "kg": _lines(KG, "head_id:token\trelation_id:token\ttail_id:token"),
        "item_entity": _lines(LINKS, "item_id:token\tentity_id:token"),
    }


@pytest.fixture
def release() -> Release:
    members = {
        table: (ML_100K.members[table][0], hashlib.sha256(text.encode()).hexdigest())
        for table, text in _recbole().items()
    }
    columns = np.array([(u, i, r, t * 1_000_000) for u, i, r, t in SORTED], dtype="<i8").T
    return Release(
        requirement="recbole==1.2.1",
        members=members,
        rows={"interactions": 5, "users": 3, "items": 4, "kg": 2, "item_entity": 2},
        interactions_sha256=hashlib.sha256(columns.tobytes()).hexdigest(),
    )


@pytest.fixture
def index(tmp_path: Path, release: Release, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for its only index; nothing is prepared and PyPI is out of reach."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "recbole-1.2.1-py3-none-any.whl", "w") as wheel:
        for table, text in _recbole().items():
            wheel.writestr(release.members[table][0], text)
        info = "recbole-1.2.1.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: recbole\nVersion: 1.2.1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
        wheel.writestr("recbole/__init__.py", "raise SystemExit('the package must never be imported')\n")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def grouplens(tmp_path: Path) -> Path:
    """GroupLens' zip: latin-1, flags instead of names, titles with trailing blanks, no header."""
    items = [
        (
            i,
            _title(t, y) + " ",
            date,
            "",
            "http://example.org/?a",
            *(int(g in gs) for g in range(GENRES)),
        )
        for i, t, y, gs, date in ITEMS
    ]
    path = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ml-100k/u.data", _lines(RATINGS))
        archive.writestr("ml-100k/u.user", _lines(USERS, separator="|"))
        archive.writestr("ml-100k/u.item", _lines(items, separator="|").encode("latin-1"))
        archive.writestr("../escaped", "never written")
    return path


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder ``$EMBEDDING_FEATURES_DATA/ml100k``, with narrow types and columns we do not use."""
    folder = tmp_path / "data" / "ml100k"
    folder.mkdir(parents=True)
    narrow = pa.schema(
        [("user_id", pa.int32()), ("item_id", pa.int32()), ("rating", pa.int8()), ("timestamp", pa.int32())]
    )
    ratings = pa.table(
        [pa.array(c, t) for c, t in zip(zip(*RATINGS, strict=True), narrow.types, strict=True)], narrow
    )
    pq.write_table(ratings.append_column("fold", pa.array([1] * 5)), folder / "ratings.parquet")
    users = dict(
        zip(("user_id", "age", "gender", "occupation", "zip_code"), zip(*USERS, strict=True), strict=True)
    )
    pq.write_table(pa.table(users), folder / "users.parquet")
    items = {
        "item_id": [i for i, *_ in ITEMS],
        "title": [_title(t, y) for _, t, y, *_ in ITEMS],
        "genres": ["|".join(NAMES[g] for g in gs) for *_, gs, _ in ITEMS],
    }
    pq.write_table(pa.table(items), folder / "items.parquet")
    pq.write_table(
        pa.table(dict(zip(("head", "relation", "tail"), zip(*KG, strict=True), strict=True))),
        folder / "kg.parquet",
    )
    pq.write_table(
        pa.table(dict(zip(("item_id", "entity_id"), zip(*LINKS, strict=True), strict=True))),
        folder / "item_entity.parquet",
    )
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(folder.parent))
    return folder


def _rows(folder: Path, table: str) -> list[dict[str, object]]:
    return pq.read_table(folder / f"{table}.parquet").to_pylist()


def _check_tables(folder: Path, tables: set[str]) -> None:
    assert {p.stem for p in folder.glob("*.parquet")} == tables
    for name in tables:
        assert pq.read_schema(folder / f"{name}.parquet").equals(SCHEMAS[name]), name
    found = [
        (r["user_id"], r["item_id"], r["rating"], int(r["timestamp"].timestamp()))  # type: ignore[attr-defined]
        for r in _rows(folder, "interactions")
    ]
    assert found == SORTED
    assert [(i["title"], i["release_year"], i["genres"]) for i in _rows(folder, "items")] == [
        ("Toy Story (1995)", 1995, ["Animation", "Children's", "Comedy"]),
        ("Misérables, Les (1995)", 1995, ["Drama"]),
        ("unknown", None, ["unknown"]),
        ("2001: A Space Odyssey (1968)", 1968, ["Drama", "Film-Noir", "Sci-Fi"]),
    ]
    assert [tuple(u.values()) for u in _rows(folder, "users")] == USERS


ALL = {"interactions", "users", "items", "kg", "item_entity"}


def test_wheel_through_pip(tmp_path: Path, release: Release, index: Path) -> None:
    out = get_ml100k(tmp_path / "out", release=release)
    _check_tables(out, ALL)
    assert [tuple(r.values()) for r in _rows(out, "kg")] == sorted(KG)
    assert [tuple(r.values()) for r in _rows(out, "item_entity")] == sorted(LINKS)
    card = read_card(out)
    assert card.source == "PyPI: recbole==1.2.1"
    assert "Research use only" in card.terms
    assert card.inputs == dict(release.members.values())
    assert {t: c.rows for t, c in card.tables.items()} == release.rows


def test_grouplens_zip_and_folder(tmp_path: Path, release: Release, index: Path, grouplens: Path) -> None:
    out = get_ml100k(tmp_path / "zip", grouplens, release=release)
    _check_tables(out, {"interactions", "users", "items"})
    assert not list(tmp_path.rglob("escaped"))
    for member in ("u.data", "u.user", "u.item"):
        zipfile.ZipFile(grouplens).extract(f"ml-100k/{member}", tmp_path / "unpacked")
    for source in (tmp_path / "unpacked", tmp_path / "unpacked" / "ml-100k"):
        again = get_ml100k(tmp_path / f"from-{source.name}", source, release=release)
        assert read_card(again).tables == read_card(out).tables


def test_three_sources_are_byte_equal(
    tmp_path: Path,
    release: Release,
    index: Path,
    grouplens: Path,
    prepared: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from_prepared = get_ml100k(tmp_path / "a", release=release)
    assert read_card(from_prepared).source == "$EMBEDDING_FEATURES_DATA/ml100k"
    from_grouplens = get_ml100k(tmp_path / "b", grouplens, release=release)
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "nothing"))
    from_wheel = get_ml100k(tmp_path / "c", release=release)
    assert read_card(from_prepared).tables == read_card(from_wheel).tables
    shared = {t: c for t, c in read_card(from_wheel).tables.items() if t not in ("kg", "item_entity")}
    assert read_card(from_grouplens).tables == shared


def test_done_already_returns_without_a_source(
    tmp_path: Path, release: Release, index: Path, grouplens: Path
) -> None:
    out = get_ml100k(tmp_path / "out", grouplens, release=release)
    before = {p: p.stat().st_mtime_ns for p in out.iterdir()}
    shutil.rmtree(index)
    assert get_ml100k(tmp_path / "out", release=release) == out
    assert {p: p.stat().st_mtime_ns for p in out.iterdir()} == before


def test_offline_names_three_ways_out(tmp_path: Path, release: Release, index: Path) -> None:
    shutil.rmtree(index)
    with pytest.raises(DataError, match="not at hand") as raised:
        get_ml100k(tmp_path / "out", release=release)
    for way in ("EMBEDDING_FEATURES_DATA", "PyPI", "--from"):
        assert way in raised.value.fix
    assert not (tmp_path / "out").exists()


def _rewrite(archive: Path, member: str, data: bytes | None) -> None:
    """Replace one member, or drop it."""
    with zipfile.ZipFile(archive) as old:
        members = {i.filename: old.read(i) for i in old.infolist() if i.filename != member}
    with zipfile.ZipFile(archive, "w") as new:
        for name, content in (members | ({} if data is None else {member: data})).items():
            new.writestr(name, content)


@pytest.mark.parametrize(
    ("data", "message"), [(b"user_id:token\n1\n", "pinned is"), (None, r"has no member recbole/.*\.user")]
)
def test_altered_wheel_is_refused(
    tmp_path: Path, release: Release, index: Path, data: bytes | None, message: str
) -> None:
    _rewrite(next(index.glob("*.whl")), release.members["users"][0], data)
    with pytest.raises(DataError, match=message):
        get_ml100k(tmp_path / "out", release=release)
    assert not (tmp_path / "out").exists()


BAD_ZIPS = [
    ("u.user", None, "has no member ml-100k/u.user"),
    ("u.data", b"1\t2\tthree\t4\n", "u.data is not what it should be"),
    ("u.data", b"1\t2\t3\n", "u.data is not what it should be"),
    ("u.data", b"1\t2\t3\t4\n", "1 rows; the release has 5"),
    ("u.data", _lines([*RATINGS[:4], RATINGS[0]]).encode(), "two rows of one user_id and item_id"),
    ("u.data", _lines([*RATINGS[:4], (9, 1, 2, 3)]).encode(), "user_id 9, which users lack"),
    ("u.data", _lines([*RATINGS[:4], (3, 9, 2, 3)]).encode(), "item_id 9, which items lack"),
    ("u.data", _lines([*RATINGS[:4], (3, 1, 6, 3)]).encode(), r"ratings reach .*1\.\.5"),
    ("u.data", _lines([*RATINGS[:4], (3, 1, 2, 3)]).encode(), "SHA-256 differs"),
    ("u.data", _lines([*RATINGS[:4], (3, 1, 2, "")]).encode(), r"nulls in \['timestamp'\]"),
]


@pytest.mark.parametrize(("member", "data", "message"), BAD_ZIPS)
def test_bad_grouplens_zip_is_refused(
    tmp_path: Path, release: Release, grouplens: Path, member: str, data: bytes | None, message: str
) -> None:
    _rewrite(grouplens, f"ml-100k/{member}", data)
    with pytest.raises(DataError, match=message):
        get_ml100k(tmp_path / "out", grouplens, release=release)
    assert not (tmp_path / "out").exists()


def test_unreadable_sources_are_refused(tmp_path: Path, release: Release, grouplens: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        get_ml100k(tmp_path / "out", tmp_path / "absent.zip", release=release)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"has no u\.data, u\.user, u\.item"):
        get_ml100k(tmp_path / "out", tmp_path / "empty", release=release)
    grouplens.write_bytes(grouplens.read_bytes()[:200])
    with pytest.raises(DataError, match="not a readable zip"):
        get_ml100k(tmp_path / "out", grouplens, release=release)


def test_bad_prepared_folder_is_refused(tmp_path: Path, release: Release, prepared: Path) -> None:
    """A folder that is there but wrong is an error, never a silent step to another source."""
    ratings = pq.read_table(prepared / "ratings.parquet")
    pq.write_table(ratings.drop_columns(["timestamp"]), prepared / "ratings.parquet")
    with pytest.raises(DataError, match=r"no column \['timestamp'\]"):
        get_ml100k(tmp_path / "out", release=release)
    (prepared / "ratings.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read"):
        get_ml100k(tmp_path / "out", release=release)


def test_altered_target_is_refused(tmp_path: Path, release: Release, prepared: Path) -> None:
    out = get_ml100k(tmp_path / "out", release=release)
    pq.write_table(pa.table({"user_id": [1]}), out / "users.parquet")
    with pytest.raises(DataError, match=r"users\.parquet was altered"):
        get_ml100k(out, release=release)
    (out / "users.parquet").unlink()
    with pytest.raises(DataError, match=r"users\.parquet is missing"):
        get_ml100k(out, release=release)
    (out / "dataset.json").write_text("{}")
    with pytest.raises(DataError, match="not a data set's card"):
        get_ml100k(out, release=release)
    (out / "dataset.json").unlink()
    with pytest.raises(DataError, match="holds no data set"):
        get_ml100k(out, release=release)


def test_real_release_from_the_prepared_folder(tmp_path: Path) -> None:
    """The figures of the data set's own README."""
    root = Path(os.environ.get("EMBEDDING_FEATURES_DATA", "../shared/data"))
    if not (root / "ml100k").is_dir():
        pytest.skip("no ml100k under $EMBEDDING_FEATURES_DATA")
    out = get_ml100k(tmp_path / "out")
    interactions = pq.read_table(out / "interactions.parquet")
    assert fingerprint(interactions) == ML_100K.interactions_sha256
    per_user = interactions.group_by("user_id").aggregate([("item_id", "count")])["item_id_count"].to_numpy()
    assert (len(per_user), per_user.min(), per_user.sum()) == (943, 20, 100_000)
    times = interactions["timestamp"].to_numpy()
    assert times.min() >= np.datetime64("1997-09-19")
    assert times.max() < np.datetime64("1998-04-24")
