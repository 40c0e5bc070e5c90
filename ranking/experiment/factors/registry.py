"""The registry of factors: ours, in the order in which they vary, then those of third parties."""

from functools import cache

from embedding_features.errors import ConfigError
from embedding_features.plugins import load_plugins
from ranking.experiment.factors.alignment import AlignmentFactor
from ranking.experiment.factors.base import Factor
from ranking.experiment.factors.features import FeaturesFactor
from ranking.experiment.factors.method import MethodFactor
from ranking.experiment.factors.mode import ModeFactor
from ranking.experiment.factors.whose import WhoseFactor

#: group of entry points by which third parties' factors are found
PLUG_INS = "embedding_features.ablation_factors"

_OURS: tuple[type[Factor], ...] = (FeaturesFactor, WhoseFactor, MethodFactor, ModeFactor, AlignmentFactor)


@cache
def factors() -> dict[str, Factor]:
    """Return all factors by name, in order.

    Raises:
        ConfigError: when what an entry point names is no factor, or has the name of another.
    """
    loaded, _ = load_plugins(PLUG_INS)
    registered: dict[str, Factor] = {}
    for factor in (*_OURS, *loaded.values()):
        if not (isinstance(factor, type) and issubclass(factor, Factor)):
            raise ConfigError(f"{factor!r} is no factor", fix="let the entry point name a subclass of Factor")
        if factor.name in registered or factor.in_grid in {other.in_grid for other in registered.values()}:
            raise ConfigError(f"there is a factor {factor.name!r} already", fix="give yours another name")
        registered[factor.name] = factor()
    return registered
