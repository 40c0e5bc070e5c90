"""The settings of planted worlds: users, items, and how clicks come about."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from embedding_features.config import Config

Share = Annotated[float, Field(ge=0, le=1)]
_DAY_US = 86_400_000_000


class Domain(Config):
    """Describes one domain, in which users meet items of its own.

    Attributes:
        name: ends the names of its files.
        items: number of items.
        edges: number of clicks.
        users: share of the world's users who are active here.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    items: int = Field(ge=2)
    edges: int = Field(ge=1)
    users: Share = 1.0


class World(Config):
    """Describes a planted world.

    Attributes:
        seed: equal settings and seed, equal world.
        users: number of users, shared by all domains.
        domains: by default a dense "source" and a sparse "target".
        interests: number of latent interests, shared by all domains.
        concentration: of the Dirichlet that users' interests are drawn from; small means few interests each.
        noise: share of clicks that follow popularity alone.
        popularity: Zipf exponent of the items; 0 means all alike.
        activity: Zipf exponent of the users.
        drift: share of each user's interests that are others at the end; grows linearly in time.
        friends: mean number of friends of a user.
        homophily: share of friendships between users of one main interest; the others are by chance.
        cold_users: share of users who appear only after ``cold_after``, at a moment of their own.
        cold_items: the same for items, in each domain.
        cold_after: share of the time range.
        attribute_noise: share of users' segments and items' categories that say nothing of their interest.
        candidates: items shown and not clicked beside each logged click; 0 writes no impressions.
        impressions: share of clicks that are logged with their candidates.
        start: first moment; with a zone.
        days: length of the time range.
    """

    seed: int = Field(default=0, ge=0)
    users: int = Field(default=2_000, ge=2)
    domains: tuple[Domain, ...] = Field(
        default=(
            Domain(name="source", items=1_000, edges=80_000),
            Domain(name="target", items=500, edges=6_000, users=0.6),
        ),
        min_length=1,
    )
    interests: int = Field(default=16, ge=2, le=1_024)
    concentration: float = Field(default=0.05, gt=0)
    noise: Share = 0.1
    popularity: float = Field(default=0.6, ge=0)
    activity: float = Field(default=0.5, ge=0)
    drift: Share = 0.2
    friends: float = Field(default=8.0, ge=0)
    homophily: Share = 0.8
    cold_users: float = Field(default=0.1, ge=0, lt=1)
    cold_items: float = Field(default=0.1, ge=0, lt=1)
    cold_after: Share = 0.7
    attribute_noise: Share = 0.3
    candidates: int = Field(default=4, ge=0, le=100)
    impressions: Share = 1.0
    start: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)
    days: float = Field(default=100.0, gt=0, le=36_500)

    @property
    def logged(self) -> float:
        """The share of clicks that have impressions."""
        return self.impressions if self.candidates else 0.0

    @property
    def start_us(self) -> int:
        """The first moment in microseconds since 1970, UTC."""
        return round(self.start.timestamp() * 1_000_000)

    @property
    def span_us(self) -> int:
        """The length of the time range in microseconds."""
        return int(self.days * _DAY_US)

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [domain.name for domain in self.domains]
        if len(set(names)) != len(names):
            raise ValueError(f"domains must have different names, not {names}")
        for domain in self.domains:
            warm = domain.items - round(domain.items * self.cold_items)
            if warm < self.interests:
                raise ValueError(
                    f"domain {domain.name} has {warm} items from the start for {self.interests} interests; "
                    "each interest needs one: more items, fewer interests or fewer cold items"
                )
            if round(self.users * domain.users) - round(self.users * self.cold_users) < 1:
                raise ValueError(
                    f"domain {domain.name} might have no user from the start: "
                    "its share of users must be above the share of cold users"
                )
        return self
