"""What is made of a node's events and a snapshot: one recipe a file.

An encoder that sums messages of neighbours (:meth:`.Network.messages`) needs no recipe of its own: that sum
over the node's events is the vector of ``fold_in``. One that reads histories has the recipe ``encoder``.
"""

from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.recipes.encoder import EncoderRecipe
from embedding_features.fresh.recipes.fold_in import FoldInRecipe
from embedding_features.fresh.recipes.medoids import MedoidsRecipe
from embedding_features.fresh.recipes.mixture import MixtureRecipe
from embedding_features.fresh.recipes.pooled import PooledRecipe
from embedding_features.fresh.recipes.taste import TasteRecipe

_OURS: tuple[type[Recipe], ...] = (
    FoldInRecipe,
    EncoderRecipe,
    TasteRecipe,
    PooledRecipe,
    MixtureRecipe,
    MedoidsRecipe,
)

#: name → recipe, in the order in which figures come
RECIPES: dict[str, type[Recipe]] = {recipe.name: recipe for recipe in _OURS}

__all__ = ["RECIPES", "Recipe"]
