"""The facts of MovieLens-100K, whoever hands it over: terms, schemas, row counts, checksums."""

import hashlib

import numpy as np
import pyarrow as pa

from embedding_features.config import Config

TERMS = (
    "MovieLens-100K, GroupLens Research, University of Minnesota. Research use only: no redistribution and "
    "no commercial use without GroupLens' permission, no implied endorsement, and publications must cite "
    "Harper and Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015. "
    "Item-to-entity links and triples, where present, come from Freebase (CC BY) through RecBole (MIT)."
)


def _required(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


#: the tidy tables: column names and types, rows sorted by ``ORDER``
SCHEMAS: dict[str, pa.Schema] = {
    "interactions": _required(
        user_id=pa.int64(), item_id=pa.int64(), rating=pa.int8(), timestamp=pa.timestamp("us", tz="UTC")
    ),
    "users": _required(
        user_id=pa.int64(), age=pa.int64(), gender=pa.string(), occupation=pa.string(), zip_code=pa.string()
    ),
    "items": pa.schema(
        [
            *_required(item_id=pa.int64(), title=pa.string()),
            pa.field("release_year", pa.int64()),
            *_required(genres=pa.list_(pa.string())),
        ]
    ),
    "kg": _required(head=pa.string(), relation=pa.string(), tail=pa.string()),
    "item_entity": _required(item_id=pa.int64(), entity_id=pa.string()),
}
ORDER = {
    "interactions": ("user_id", "timestamp", "item_id"),
    "users": ("user_id",),
    "items": ("item_id",),
    "kg": ("head", "relation", "tail"),
    "item_entity": ("item_id", "entity_id"),
}
#: no two rows of a table agree in these
KEYS = {"interactions": ("user_id", "item_id"), "users": ("user_id",), "items": ("item_id",)}


class Release(Config):
    """Describes one fixed edition of the data, with which every source must agree.

    Attributes:
        requirement: the wheel that carries a copy, as pip spells it.
        members: table → (path inside the wheel, SHA-256 of the member).
        rows: table → number of rows; a table that a source lacks is not checked.
        interactions_sha256: :func:`fingerprint` of the tidy interactions.
    """

    requirement: str
    members: dict[str, tuple[str, str]]
    rows: dict[str, int]
    interactions_sha256: str


_FOLDER = "recbole/dataset_example/ml-100k/ml-100k"

ML_100K = Release(
    requirement="recbole==1.2.1",
    members={
        "interactions": (
            f"{_FOLDER}.inter",
            "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
        ),
        "users": (f"{_FOLDER}.user", "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972"),
        "items": (f"{_FOLDER}.item", "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532"),
        "kg": (f"{_FOLDER}.kg", "200a0636fa07c218119a42e5bac7aa3e26e3665a6f919c1b22909bd412b14779"),
        "item_entity": (
            f"{_FOLDER}.link",
            "524dca2c3d62619688ab99b3ec53ea2acb9b64d38eafec3e02bdd0dc6bb7d948",
        ),
    },
    rows={"interactions": 100_000, "users": 943, "items": 1_682, "kg": 91_631, "item_entity": 1_598},
    interactions_sha256="1c1697b57df15f4a0f30daf6484af7b4af914ad0d8e5ba8dde9f6e628b48b536",
)


def fingerprint(interactions: pa.Table) -> str:
    """Return the SHA-256 (hex) of sorted interactions as little-endian int64: users, items, ratings, µs."""
    digest = hashlib.sha256()
    for name in ("user_id", "item_id", "rating", "timestamp"):
        column = interactions[name].cast(pa.int64()).to_numpy()
        digest.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
    return digest.hexdigest()
