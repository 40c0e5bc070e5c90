"""What reading a source came to: the numbers beside every rule, file by file."""

from embedding_features.config import Config


class FileReport(Config):
    """Rows of one file, or of a statement: ``read = filtered + null_ids + null_times + later + known``.

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
        """Rows that no rule of the schema asked to leave out."""
        return self.null_ids + self.null_times
