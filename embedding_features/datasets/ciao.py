"""Ciao: 2,248 users' dated ratings of 16,864 products in six categories, from 2000 to 2011.

Tang, Gao and Liu, mTrust: Discerning Multi-faceted Trust in a Connected World, WSDM 2012.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embedding_features.datasets.card import check_folder, write_tables
from embedding_features.datasets.movielens import fingerprint
from embedding_features.datasets.prepared import VARIABLE, prepared_folder
from embedding_features.errors import DataError
from embedding_features.files import atomic_folder, sha256_file, sweep_staging
from embedding_features.progress import SILENT, Progress

NAME = "ciao"
TERMS = (
    "Ciao. No licence is stated, so it is not downloaded and must not be passed on. Its README asks to cite "
    "Tang, Gao and Liu, mTrust: Discerning multi-faceted trust in a connected world, WSDM 2012, and Tang, "
    "Gao, Liu and Das Sarma, eTrust: Understanding trust evolution in an online world, KDD 2012."
)
#: :func:`.fingerprint` of the tidy interactions
CIAO_SHA256 = "b601a01b4a3ead3fb00a2a09fb832d7b15af1080a440b0099634f9595e8986da"

_FILE = "ratings.parquet"
_REPLACE = "name another copy with --from"
_SOURCE = ("user_id", "item_id", "category_id", "rating", "timestamp")
_INTERACTIONS = pa.schema(
    [
        pa.field("user_id", pa.int64(), nullable=False),
        pa.field("item_id", pa.int64(), nullable=False),
        pa.field("rating", pa.int8(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)
_ITEMS = pa.schema([_INTERACTIONS.field("item_id"), _INTERACTIONS.field("category")])


def get_ciao(
    target: Path, source: Path | None = None, progress: Progress = SILENT, *, release: str = CIAO_SHA256
) -> Path:
    """Write the tidy data set into the folder ``target`` and return it; done already, return at once.

    It comes from the folder ``source`` if given, else from ``$EMBEDDING_FEATURES_DATA/ciao``: its
    ``ratings.parquet`` with integers user_id, item_id, category_id 1..6, rating 1..5, and timestamp, in
    seconds since 1970. Nothing is downloaded, for no licence is stated.

    ========================  =================================================================
    ``interactions.parquet``  user_id, item_id, rating 1..5 (int8), category, timestamp (µs, UTC);
                              sorted by user_id, timestamp, item_id
    ``items.parquet``         item_id, category
    ``dataset.json``          source, terms, SHA-256 of the inputs and tables, row counts
    ========================  =================================================================

    A category is a domain, ``category_1`` to ``category_6``: the source does not name them. Three products
    stand in two of them; each is two items here, as an item's id is ``10 · product + category``. Moments are
    days. Of several ratings of an item by one user on one day the highest is kept. Left out are how helpful
    others found a rating, which came later than it, and who trusts whom, which has no times.

    Args:
        target: folder of the data set; made when it is not there.
        source: folder with ``ratings.parquet``; by default the one the variable names.
        progress: who watches.
        release: SHA-256 of what the interactions must be; another one is for tests.

    Raises:
        DataError: when no folder is there or its table is not the release's, or when ``target`` holds
            something else or was altered.
    """
    target = Path(target).resolve()
    if target.exists():
        check_folder(target, NAME)
        return target
    folder, origin = _found(source)
    sweep_staging(target.parent)
    with progress.task("get ciao", total=2) as advance:
        tables = _tidy(_read(folder / _FILE), folder / _FILE, release)
        advance(status="checked")
        inputs = {_FILE: sha256_file(folder / _FILE)}
        with atomic_folder(target, target.parent / ".staging") as staged:
            write_tables(staged, tables, name=NAME, source=origin, terms=TERMS, inputs=inputs)
        advance(status="written")
    return target


def _found(source: Path | None) -> tuple[Path, str]:
    """Return the folder with the ratings, and the source in words."""
    if source is None:
        folder, origin = prepared_folder(NAME), f"${VARIABLE}/{NAME}"
    else:
        folder, origin = Path(source), f"folder {Path(source).name}"
    if not (folder / _FILE).is_file():
        raise DataError(
            f"Ciao is not at hand: no {folder / _FILE}; no licence is stated, so nothing is downloaded",
            fix=f"set {VARIABLE} to a folder that holds {NAME}/{_FILE}, or name its folder with --from",
        )
    return folder, origin


def _read(path: Path) -> pa.Table:
    """Return the source's columns as int64."""
    try:
        table = pq.read_table(path)
        absent = [name for name in _SOURCE if name not in table.column_names]
        if absent:
            raise DataError(f"{path} has no column {absent}", fix=_REPLACE)
        table = table.select(_SOURCE).cast(pa.schema([(name, pa.int64()) for name in _SOURCE]))
    except (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(f"{path} cannot be read: {error}", fix=_REPLACE) from None
    nulls = [name for name in _SOURCE if table[name].null_count]
    if nulls:
        raise DataError(f"{path} has nulls in {nulls}", fix=_REPLACE)
    return table


def _tidy(ratings: pa.Table, path: Path, release: str) -> dict[str, pa.Table]:
    """Return the tables in their schemas and order, checked against the release."""
    of_day = pa.table(
        {
            "user_id": ratings["user_id"],
            "item_id": pc.add(pc.multiply(ratings["item_id"], 10), ratings["category_id"]),
            "rating": ratings["rating"],
            "category": pc.binary_join_element_wise(
                "category", ratings["category_id"].cast(pa.string()), "_"
            ),
            "timestamp": pc.multiply(ratings["timestamp"], 1_000_000),
        }
    )
    keys = ["user_id", "timestamp", "item_id"]
    kept = of_day.group_by([*keys, "category"]).aggregate([("rating", "max")])
    kept = kept.rename_columns({"rating_max": "rating"}).sort_by([(key, "ascending") for key in keys])
    if fingerprint(kept) != release:
        raise DataError(
            f"{path}: its {kept.num_rows:,} interactions are not the release's (their SHA-256 differs)",
            fix=_REPLACE,
        )
    interactions = kept.select(_INTERACTIONS.names).cast(_INTERACTIONS)
    items = interactions.group_by(_ITEMS.names).aggregate([]).sort_by("item_id")
    return {"interactions": interactions, "items": items.select(_ITEMS.names).cast(_ITEMS)}
