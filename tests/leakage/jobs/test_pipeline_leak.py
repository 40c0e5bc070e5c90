"""What happens after a snapshot's moment changes nothing in it, whatever it is."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.cli import run
from tests.e2e.planted_pipeline import contents, write_pipeline

MOMENTS = {"first": "2026-01-25T00:00:00Z", "last": "2026-02-12T00:00:00Z", "every_days": 18}


def snapshots(folder: Path) -> dict[str, bytes]:
    """The derived snapshots of the pipeline in ``folder``, every byte of its tables."""
    config = str(folder / "pipeline.yaml")
    for step in ("graph", "pretrain", "derive"):
        assert run([step, "--config", config]) == 0
    found = contents(folder / "workspace" / "features", "*.parquet")
    return {Path(path).parent.name + "/" + Path(path).name: data for path, data in found.items()}


def plant(folder: Path, moment: str, new_ids: bool) -> None:
    """Ten more clicks in the log, all at ``moment``; by users and on items that the log did not know."""
    logs = folder / "world" / "interactions_shop.parquet"
    table = pq.read_table(logs)
    planted = table.slice(0, 10).to_pydict()
    planted["timestamp"] = [datetime.fromisoformat(moment)] * 10
    if new_ids:
        planted["user_id"] = [10_000 + n for n in range(10)]
        planted["item_id"] = [5_000 + n for n in range(10)]
    pq.write_table(pa.concat_tables([table, pa.table(planted, schema=table.schema)]), logs)


@pytest.fixture
def twins(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with the same pipeline over the same world."""
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
        write_pipeline(folder, as_of=MOMENTS)
    return folders


@pytest.mark.parametrize("new_ids", [False, True], ids=["known ids", "new ids"])
def test_an_edge_after_the_moment_changes_nothing(twins: tuple[Path, Path], new_ids: bool) -> None:
    plant(twins[1], "2026-02-12T00:00:00.000001+00:00", new_ids)
    assert snapshots(twins[0]) == snapshots(twins[1])


def test_an_edge_at_the_moment_changes_it(twins: tuple[Path, Path]) -> None:
    """The test above can fail: the same clicks a microsecond earlier are seen."""
    plant(twins[1], "2026-02-12T00:00:00+00:00", new_ids=False)
    one, other = (set(snapshots(folder)) for folder in twins)
    assert len(one & other) == len(one) / 2  # the first snapshot is the same, the second another
