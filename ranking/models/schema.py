"""The schema of a network's inputs: which fields there are, and where each lies in the embedding table."""

from dataclasses import dataclass

from embedding_features.errors import DataError
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Inputs


@dataclass(frozen=True)
class CodeField:
    """Describes one discrete field, whose vocabulary is a slice of the shared embedding table.

    Attributes:
        name, side, group, table, identity, place: see :class:`.Category`.
        offset: row of the shared table where the field's vocabulary begins; code 0, the unknown, is there.
        size: rows of the vocabulary.
        width: codes a row; 1 for a categorical field.
        key: the field's column of :attr:`.Batch.keys`; None without keys.
    """

    name: str
    side: str
    group: str
    table: str
    offset: int
    size: int
    width: int
    identity: bool = False
    place: str = ""
    key: int | None = None


@dataclass(frozen=True)
class VectorField:
    """Describes one field of pretrained vectors: its side, group and dimension."""

    name: str
    side: str
    group: str
    dim: int


@dataclass(frozen=True)
class HistoryField:
    """Describes one history: the items before a row.

    Attributes:
        name, side, group, table: see :class:`.History`; ``table`` is the vocabulary of the items' ids.
        offset, size: as of :class:`CodeField`, for the items' codes.
        length: items a row.
        dim: dimension of the items' vectors; 0 without vectors.
        vector: position, among the vector fields, of the candidate's vector in the same space; None without
            one.
        item: position, among the categorical fields, of the candidate's id; None without one.
    """

    name: str
    side: str
    group: str
    table: str
    offset: int
    size: int
    length: int
    dim: int
    vector: int | None
    item: int | None


@dataclass(frozen=True)
class Schema:
    """Describes the inputs of a network: how many numbers, and which discrete fields, vectors and histories.

    Attributes:
        continuous: number of continuous columns.
        categorical, bags, vectors, histories: the fields, in the order of :class:`.Batch`.
        rows: rows of the shared embedding table, which holds all vocabularies one after another.
    """

    continuous: int
    categorical: tuple[CodeField, ...]
    bags: tuple[CodeField, ...]
    vectors: tuple[VectorField, ...]
    histories: tuple[HistoryField, ...]
    rows: int

    @property
    def dims(self) -> tuple[int, ...]:
        """The dimension of each vector field."""
        return tuple(vector.dim for vector in self.vectors)

    @classmethod
    def of(cls, inputs: Inputs) -> "Schema":
        """Return the schema of some inputs.

        Raises:
            DataError: when fields of one vocabulary differ in size, or a history names no vector of its dim.
        """
        offsets, rows = _offsets(inputs)
        keyed = [field.name for field in inputs.of(Category) if field.key is not None]

        def code_field(field: Category | Bag) -> CodeField:
            offset = offsets[field.table]
            common = (field.name, field.side, field.group, field.table, offset, field.size)
            if isinstance(field, Bag):
                return CodeField(*common, width=field.codes.shape[1], identity=field.identity)
            key = keyed.index(field.name) if field.name in keyed else None
            return CodeField(*common, width=1, identity=field.identity, place=field.place, key=key)

        return cls(
            continuous=len(inputs.of(Number)),
            categorical=tuple(code_field(field) for field in inputs.of(Category)),
            bags=tuple(code_field(field) for field in inputs.of(Bag)),
            vectors=tuple(VectorField(f.name, f.side, f.group, f.table.shape[1]) for f in inputs.of(Vector)),
            histories=tuple(_history(inputs, field, offsets[field.items]) for field in inputs.of(History)),
            rows=rows,
        )


def _offsets(inputs: Inputs) -> tuple[dict[str, int], int]:
    """Return the row of the shared table where each vocabulary begins, and the rows of the whole table."""
    sizes: dict[str, int] = {}
    vocabularies = [(f.name, f.table, f.size) for f in inputs.of(Category)]
    vocabularies += [(f.name, f.table, f.size) for f in inputs.of(Bag)]
    vocabularies += [(f.name, f.items, f.size) for f in inputs.of(History)]
    for name, table, size in vocabularies:
        if sizes.setdefault(table, size) != size:
            raise DataError(f"{name}: table {table!r} has two sizes, {sizes[table]} and {size}")
    offsets, rows = {}, 0
    for table, size in sizes.items():
        offsets[table], rows = rows, rows + size
    return offsets, rows


def _history(inputs: Inputs, field: History, offset: int) -> HistoryField:
    """Return what describes a history, with the candidate's vector and id that belong to its items."""
    dim, length = field.table.shape[1], field.codes.shape[1]
    dims = {vector.name: vector.table.shape[1] for vector in inputs.of(Vector)}
    if field.vector and dims.get(field.vector) != dim:
        raise DataError(
            f"{field.name}: its vectors have {dim} dims, those of {field.vector!r} {dims.get(field.vector)}",
            fix="give the candidate's vector of the same space beside a history",
        )
    ids = [n for n, f in enumerate(inputs.of(Category)) if f.identity and f.table == field.items]
    vector = list(dims).index(field.vector) if field.vector else None
    common = (field.name, field.side, field.group, field.items, offset, field.size)
    return HistoryField(*common, length, dim, vector, ids[0] if ids else None)
