"""Settings of rankers that model what is discrete and what is continuous apart."""

from pydantic import Field

from ranking.models.network import NetworkRanker


class TowerRanker(NetworkRanker):
    """A ranker whose deep part is :class:`.Towers`.

    Attributes:
        discrete: layers over the embeddings of discrete fields.
        continuous: layers over continuous columns and pretrained vectors.
    """

    discrete: tuple[int, ...] = Field(default=(64, 32), min_length=1)
    continuous: tuple[int, ...] = Field(default=(64, 32), min_length=1)
