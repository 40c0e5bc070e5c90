"""Settings of the features that a network reads."""

from pydantic import Field

from embedding_features.config import Config


class Features(Config):
    """Says which columns of nodes' tables are read, and how.

    Numbers, booleans and moments are standardized, strings are categories. Attributes by relations are read
    wherever the view has any.

    Attributes:
        columns: names of the columns that are read; None for all.
        categories: columns of numbers that are categories.
        text: columns of strings that are texts, not categories.
        buckets: columns that the words of a text are hashed into.
        least: a category of fewer nodes counts as unknown.
    """

    columns: tuple[str, ...] | None = None
    categories: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    buckets: int = Field(default=1024, ge=2)
    least: int = Field(default=2, ge=1)
