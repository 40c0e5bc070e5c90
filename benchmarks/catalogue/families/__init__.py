"""The rows of each family of methods."""

from benchmarks.catalogue.families.closed_forms import CLOSED_FORMS
from benchmarks.catalogue.families.collaborative import COLLABORATIVE
from benchmarks.catalogue.families.inductive import INDUCTIVE
from benchmarks.catalogue.families.kg import KG
from benchmarks.catalogue.families.proximity import PROXIMITY
from benchmarks.catalogue.families.retrieval import RETRIEVAL
from benchmarks.catalogue.families.walk import WALK
from benchmarks.catalogue.rows import Row

ROWS: dict[str, Row] = {
    row.key: row for row in (*WALK, *PROXIMITY, *KG, *CLOSED_FORMS, *COLLABORATIVE, *INDUCTIVE, *RETRIEVAL)
}
