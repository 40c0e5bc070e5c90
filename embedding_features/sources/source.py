"""Where rows are and how they are to be read: the part of a YAML that graphs and ranking tasks share."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from embedding_features.config import Config

IdType = Literal["int64", "string"]

#: what a column of a CSV file can be declared as; without, it is text
TextType = Literal["int64", "double", "boolean"]


class Dialect(Config):
    """How the CSV files of a source are written; all of them alike, and nothing of it is guessed.

    Attributes:
        delimiter: between two fields, one to four characters.
        quote: around a field that holds a delimiter, a quote or a line break; empty for none.
        escape: before a quote within a quoted field.
        decimal: the decimal mark of numbers.
        null: texts that stand for a missing value.
        columns: the names, for files without a header row; None: the first row has them.
        types: columns that ``filter`` or a feature table shall see as numbers or truth values.
    """

    delimiter: str = Field(default=",", min_length=1, max_length=4)
    quote: str = Field(default='"', max_length=1)
    escape: str = Field(default='"', max_length=1)
    decimal: Literal[".", ","] = "."
    null: tuple[str, ...] = Field(default=("",), min_length=1)
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    types: dict[str, TextType] = {}

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        if self.quote and self.quote in self.delimiter:
            raise ValueError(f"quote {self.quote!r} is in the delimiter {self.delimiter!r}")
        if self.columns and len(set(self.columns)) < len(self.columns):
            raise ValueError(f"columns {list(self.columns)} name one twice")
        return self


class Source(Config):
    """Where rows come from, and when they became known; docs/howto/logs.md has every rule.

    Attributes:
        parquet: glob of Parquet files (``**`` means any depth).
        csv: glob of CSV files.
        sql: a DuckDB SELECT; exactly one of the three is given.
        dialect: how the CSV files are written.
        timestamp: column with the moment each row became known.
        timezone: of a timestamp without zone or a date, e.g. ``UTC`` or ``Europe/Berlin``.
        unit: of an integer timestamp.
        format: of a timestamp in CSV that is not ISO 8601, as strptime has it: ``%d/%m/%Y %H:%M``.
        plausible_years: a timestamp before the first or after the last of them is an error, for it tells of a
            wrong unit or a missing value.
        filter: DuckDB boolean expression over the source's columns; only rows where it is true are read.
        max_dropped: more than this share of rows without an id or a timestamp is an error.

    Example:
        >>> source = Source(csv="logs/*.csv.gz", timestamp="at", timezone="UTC", filter="rating >= 4")
        >>> source.dialect.delimiter, source.max_dropped
        (',', 0.5)
    """

    parquet: str | None = None
    csv: str | None = None
    sql: str | None = None
    dialect: Dialect = Dialect()
    timestamp: str | None = None
    timezone: str | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    format: str | None = None
    plausible_years: tuple[int, int] = (1990, 2100)
    filter: str | None = None
    max_dropped: float = Field(default=0.5, ge=0, le=1)

    @field_validator("plausible_years")
    @classmethod
    def _in_order(cls, years: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= years[0] <= years[1] <= 9999:
            raise ValueError(f"{list(years)} are no first and last year between 1 and 9999")
        return years

    @field_validator("format")
    @classmethod
    def _says_a_day(cls, format_: str | None) -> str | None:
        """A format without a day, or with hours of which nobody knows the half, would be read too early."""
        said = {*re.findall(r"%-?(.)", format_ or "%c")}
        day = said & {*"cx"} or (said & {*"Yy"} and ("j" in said or ("d" in said and said & {*"mbB"})))
        if not day:
            raise ValueError(f"{format_!r} says no year, month and day")
        if "I" in said and "p" not in said:
            raise ValueError(f"{format_!r} has hours of twelve (%I) without %p")
        return format_

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("parquet", "csv", "sql") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of parquet, csv and sql, not {given or 'none'}")
        if self.timestamp is None and (self.timezone or self.unit or self.format):
            raise ValueError("timezone, unit and format describe a timestamp, and there is none")
        if self.unit and (self.timezone or self.format):
            raise ValueError("unit is for integers since 1970 UTC: remove timezone and format")
        if self.csv is None and (self.format or self.dialect != Dialect()):
            raise ValueError("dialect and format are for csv")
        return self
