"""The rankers by kind: ours, and those of third parties, found by entry point."""

from embedding_features.plugins import load_plugins
from ranking.models.base import Ranker
from ranking.models.dcn_v2 import DCNv2
from ranking.models.deep_fm import DeepFM
from ranking.models.din import DIN
from ranking.models.dlrm import DLRM
from ranking.models.lightgbm import LightGBM
from ranking.models.wide_deep import WideDeep

_OURS: tuple[type[Ranker], ...] = (DCNv2, DeepFM, DIN, DLRM, LightGBM, WideDeep)


def rankers() -> dict[str, type[Ranker]]:
    """Return the classes of all rankers by their kind, as a pipeline's YAML names them."""
    loaded, _ = load_plugins(Ranker.plug_ins)
    return {ranker.model_fields["kind"].default: ranker for ranker in (*_OURS, *loaded.values())}
