"""The rows that two domains are aligned on."""

import numpy as np

from embedding_features.errors import DataError
from ranking.inputs.inputs import Inputs


def check_domains(inputs: Inputs) -> None:
    """Raises:
    DataError: unless every row is of domain 0 or 1, and both have at least two rows.
    """
    if inputs.domain is None:
        raise DataError(
            "the training rows have no domain to align",
            fix="give Inputs a domain, 0 the source and 1 the target, or leave out alignment",
        )
    codes, counts = np.unique(inputs.domain, return_counts=True)
    if codes.tolist() != [0, 1] or counts.min() < 2:
        found = dict(zip(codes.tolist(), counts.tolist(), strict=True))
        raise DataError(
            f"training rows by domain are {found}, and alignment needs two or more of both 0 and 1",
            fix="add rows of the lacking domain (they may lack a label), or leave out alignment",
        )
