"""The factors of an ablation: ours in the order in which variants vary, then third parties'."""

from functools import cache

from embedding_features.errors import ConfigError
from embedding_features.plugins import load_plugins
from ranking.experiment.factors.alignment import Alignment
from ranking.experiment.factors.base import Factor
from ranking.experiment.factors.features import Features
from ranking.experiment.factors.method import MethodOfFeatures
from ranking.experiment.factors.mode import ServiceMode
from ranking.experiment.factors.whose import WhoseFeatures

PLUG_INS = "embedding_features.ablation_factors"

_OURS: tuple[type[Factor], ...] = (Features, WhoseFeatures, MethodOfFeatures, ServiceMode, Alignment)


@cache
def factors() -> dict[str, Factor]:
    """Return all factors by name.

    Raises:
        ConfigError: when a third party's is no factor, or has the name of another.
    """
    loaded, _ = load_plugins(PLUG_INS)
    found: dict[str, Factor] = {}
    for made in (*_OURS, *loaded.values()):
        if not (isinstance(made, type) and issubclass(made, Factor)):
            raise ConfigError(f"{made!r} is no factor", fix="let the entry point name a subclass of Factor")
        if made.name in found or made.in_grid in {one.in_grid for one in found.values()}:
            raise ConfigError(f"there is a factor {made.name!r} already", fix="give yours another name")
        found[made.name] = made()
    return found
