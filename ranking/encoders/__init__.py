"""Encoders, one class a kind of field: fitted on training rows, they encode any rows, and are saved."""

from ranking.encoders.codes import HashCodes, ValueCodes
from ranking.encoders.fitted import Encoders, fit_encoders
from ranking.encoders.rows import RawRows, TableRows
from ranking.encoders.saved import load_encoders, save_encoders

__all__ = [
    "Encoders",
    "HashCodes",
    "RawRows",
    "TableRows",
    "ValueCodes",
    "fit_encoders",
    "load_encoders",
    "save_encoders",
]
