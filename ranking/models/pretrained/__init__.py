"""Treatments of pretrained vectors: how they become embeddings of a network, one way a file."""

from ranking.models.pretrained.added import Added
from ranking.models.pretrained.base import Pretrained, VectorArch
from ranking.models.pretrained.dhe import DHE
from ranking.models.pretrained.fine_tuned import FineTuned
from ranking.models.pretrained.frozen import Frozen
from ranking.models.pretrained.mixed import Mixed
from ranking.models.pretrained.projected import Projected

__all__ = ["DHE", "Added", "FineTuned", "Frozen", "Mixed", "Pretrained", "Projected", "VectorArch"]
