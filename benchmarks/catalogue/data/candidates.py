"""What is asked where each source has one destination to find among given others."""

from dataclasses import dataclass

import pyarrow as pa

from embedding_features.arrays import I64


@dataclass(frozen=True)
class Candidates:
    """Holds of each source a destination to find, and others that it is ranked among.

    Attributes:
        ends: node types of sources and destinations.
        src: [n] ids.
        dst: [n] ids of what is to be found.
        others: [n, count] ids; one that is ``dst`` itself does not count.
    """

    ends: tuple[str, str]
    src: pa.Array
    dst: pa.Array
    others: I64
