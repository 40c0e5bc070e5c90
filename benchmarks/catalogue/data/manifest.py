"""Which data sets there are: their readers, and what their manifest says of them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.catalogue.data.base import Data
from benchmarks.catalogue.data.cora import cora
from benchmarks.catalogue.data.cora_public import cora_public
from benchmarks.catalogue.data.fb15k237 import fb15k237
from benchmarks.catalogue.data.gowalla import gowalla
from benchmarks.catalogue.data.hin_dblp import hin_dblp
from benchmarks.catalogue.data.labelled import blogcatalog, wiki_tadw
from benchmarks.catalogue.data.ml1m import ml1m
from benchmarks.catalogue.data.retailrocket import retailrocket_mb
from benchmarks.catalogue.data.seq_beauty import seq_beauty
from benchmarks.catalogue.data.yelp2018 import yelp2018
from benchmarks.harness import data_folder
from embedding_features.config import config_hash
from embedding_features.errors import DataError

READERS: Mapping[str, Callable[[], Data[Any]]] = {
    reader.__name__: reader
    for reader in (
        *(blogcatalog, cora, cora_public, fb15k237, gowalla, hin_dblp, ml1m),
        *(retailrocket_mb, seq_beauty, wiki_tadw, yelp2018),
    )
}

#: readers of data sets that have another name in the manifest
FOLDERS: Mapping[str, str] = {"cora_public": "cora"}


def data_hash(dataset: str) -> str:
    """Return the SHA-256 of what the data's manifest says of a data set: tables, rows and their hashes.

    Raises:
        DataError: when the data set, or the manifest, is not there.
    """
    dataset = FOLDERS.get(dataset, dataset)
    manifest = data_folder() / "MANIFEST.json"
    if not data_folder(dataset).is_dir() or not manifest.is_file():
        raise DataError(
            f"no data at {data_folder(dataset)}",
            fix="set EMBEDDING_FEATURES_DATA to the folder that holds the public data and its MANIFEST.json",
        )
    entries: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    if dataset not in entries:
        raise DataError(
            f"{manifest} says nothing of {dataset}", fix="bring the data and its manifest in step"
        )
    return config_hash(entries[dataset])
