"""Reports of what was read of a source and left out of it, file by file, with a number for every rule."""

from collections.abc import Iterable, Mapping

from embedding_features.config import Config


class FileReport(Config):
    """Counts the rows of one file, or of a statement.

    ``read = filtered + null_ids + null_times + later + known``.

    Attributes:
        read: all of them.
        filtered: left out, the filter is not true.
        unclear: of these, where the filter is null, for it met a null or a NaN.
        null_ids: dropped, an id is null.
        null_times: dropped, the timestamp is null or infinite.
        later: left out, later than as_of.
        known: what remains.
    """

    read: int = 0
    filtered: int = 0
    unclear: int = 0
    null_ids: int = 0
    null_times: int = 0
    later: int = 0
    known: int = 0

    @property
    def dropped(self) -> int:
        """The number of rows dropped although no filter or moment leaves them out."""
        return self.null_ids + self.null_times

    @classmethod
    def total(cls, reports: "Iterable[FileReport]") -> "FileReport":
        """Return the sums of several reports."""
        rows = [report.model_dump() for report in reports]
        return cls(**{name: sum(row[name] for row in rows) for name in cls.model_fields})


#: what was read (``"relation 'bought'"``) → file → its rows; ``""`` for those of a statement, or of all files
ReadReport = Mapping[str, Mapping[str, FileReport]]


def summed(read: ReadReport) -> dict[str, dict[str, FileReport]]:
    """Return the sums over each source's files as ``""``, and those of its files that had rows dropped."""
    return {
        name: {"": FileReport.total(files.values())} | {f: r for f, r in files.items() if r.dropped and f}
        for name, files in read.items()
    }
