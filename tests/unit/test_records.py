"""Records of folders: what is read, and what is refused by name."""

import json
from pathlib import Path

import pytest

from embedding_features.config import Config
from embedding_features.errors import DataError
from embedding_features.records import check_files, file_digests, read_record, seal


class Plain(Config):
    name: str


class Sealed(Config):
    format: int = 1
    name: str
    digest: str = ""


def read(path: Path, cls: type[Plain] | type[Sealed]) -> Plain | Sealed:
    return read_record(path, cls, "thing", error=DataError, again="make it again")


def test_a_record_without_format_or_digest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": "x"}')
    assert read(tmp_path / "a.json", Plain) == Plain(name="x")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 2}, "is of format 2, this library reads format 1"),
        ({"format": None}, "is of format None"),
        ({"format": 0}, r"earlier version .* in format 0; this one reads format 1\n.*make it again"),
        ({"name": "y"}, "is altered: its digest differs"),
        ({"other": 1}, "other"),
    ],
)
def test_a_changed_record_is_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    path = tmp_path / "a.json"
    written = seal(Sealed(name="x")).model_dump(mode="json")
    path.write_text(json.dumps(written))
    assert read(path, Sealed) == seal(Sealed(name="x"))
    path.write_text(json.dumps(written | change))
    with pytest.raises(DataError, match=says):
        read(path, Sealed)


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"", b"[1]"])
def test_what_is_no_record_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(DataError, match=r"no thing at .*a\.json is missing\n.*check the path"):
        read(tmp_path / "a.json", Plain)
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(DataError, match=r"a\.json (cannot be read|is not a valid)"):
        read(tmp_path / "a.json", Plain)


def test_files_are_compared_as_far_as_asked(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f").write_text("abc")
    digests = file_digests(tmp_path)
    assert list(digests) == ["sub/f"]

    def check(**how: object) -> None:
        check_files(tmp_path, digests, error=DataError, again="again", **how)  # type: ignore[arg-type]

    check(sizes={"sub/f": 3})
    (tmp_path / "sub" / "f").write_text("abd")
    check(verify=False)
    check(verify=False, sizes={"sub/f": 3})
    with pytest.raises(DataError, match="not the file that was written: its SHA-256 differs"):
        check()
    with pytest.raises(DataError, match="has 3 bytes, 4 were written"):
        check(verify=False, sizes={"sub/f": 4})
    (tmp_path / "sub" / "f").unlink()
    with pytest.raises(DataError, match="lacks the file sub/f"):
        check(verify=False)


@pytest.mark.parametrize("name", ["../f", "/etc/passwd", "", "a/../../f"])
def test_a_file_outside_is_not_looked_at(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="outside its folder"):
        check_files(tmp_path, {name: "0"}, error=DataError, again="again", verify=False)
