"""The shape of a network's inputs: which fields there are, and how big its embedding table is."""

from dataclasses import dataclass

from embedding_features.errors import DataError
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Inputs


@dataclass(frozen=True)
class CodeField:
    """One discrete field: a slice of the shared embedding table.

    Attributes:
        side, group, place, table: see :class:`.Category`.
        offset: row of the shared table where its vocabulary begins; code 0, the unknown, stands there.
        size: rows of its vocabulary.
        width: codes a row, 1 of a categorical field.
        key: its column of :attr:`.Batch.keys`, None without keys.
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
    """One pretrained vector field: its side and dimension."""

    name: str
    side: str
    group: str
    dim: int


@dataclass(frozen=True)
class HistoryField:
    """One history.

    Attributes:
        offset, size, length: of its codes, as of :class:`CodeField`.
        dim: of its vectors, 0 without any.
        vector: position among the vector fields of the candidate's vector in that space, None without one.
        item: position among the categorical fields of the candidate's id, None without one.
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
    """The shape of a model's inputs: c continuous columns, discrete fields, vectors, histories.

    Attributes:
        categorical, bags, vectors, histories: in the order of :class:`.Batch`.
        rows: of the shared embedding table, all vocabularies one after another.
    """

    continuous: int
    categorical: tuple[CodeField, ...]
    bags: tuple[CodeField, ...]
    vectors: tuple[VectorField, ...]
    histories: tuple[HistoryField, ...]
    rows: int

    @property
    def dims(self) -> tuple[int, ...]:
        """Of the vectors."""
        return tuple(vector.dim for vector in self.vectors)

    @classmethod
    def of(cls, inputs: Inputs) -> "Schema":
        """The shape of ``inputs``.

        Raises:
            DataError: when fields of one table differ in size, or a history names no vector of its dim.
        """
        offsets, rows = _offsets(inputs)
        keyed = [field.name for field in inputs.of(Category) if field.key is not None]

        def sparse(field: Category | Bag) -> CodeField:
            offset = offsets[field.table]
            common = (field.name, field.side, field.group, field.table, offset, field.size)
            if isinstance(field, Bag):
                return CodeField(*common, width=field.codes.shape[1], identity=field.identity)
            key = keyed.index(field.name) if field.name in keyed else None
            return CodeField(*common, width=1, identity=field.identity, place=field.place, key=key)

        return cls(
            continuous=len(inputs.of(Number)),
            categorical=tuple(sparse(field) for field in inputs.of(Category)),
            bags=tuple(sparse(field) for field in inputs.of(Bag)),
            vectors=tuple(VectorField(f.name, f.side, f.group, f.table.shape[1]) for f in inputs.of(Vector)),
            histories=tuple(_sequence(inputs, field, offsets[field.items]) for field in inputs.of(History)),
            rows=rows,
        )


def _offsets(inputs: Inputs) -> tuple[dict[str, int], int]:
    """Where each vocabulary begins, and the rows of all."""
    sizes: dict[str, int] = {}
    found = [(f.name, f.table, f.size) for f in inputs.of(Category)]
    found += [(f.name, f.table, f.size) for f in inputs.of(Bag)]
    found += [(f.name, f.items, f.size) for f in inputs.of(History)]
    for name, table, size in found:
        if sizes.setdefault(table, size) != size:
            raise DataError(f"{name}: table {table!r} has two sizes, {sizes[table]} and {size}")
    offsets, rows = {}, 0
    for table, size in sizes.items():
        offsets[table], rows = rows, rows + size
    return offsets, rows


def _sequence(inputs: Inputs, field: History, offset: int) -> HistoryField:
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
