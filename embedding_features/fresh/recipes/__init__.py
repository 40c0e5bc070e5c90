"""What is made of a node's events and a snapshot: one recipe a file.

An inductive encoder needs no recipe of its own: the vector of ``fold_in`` is the encoder's, the sum of its
messages (:meth:`.Network.messages`) over the node's events, of every method whose encoder has any.
"""

from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.recipes.fold_in import FoldInRecipe
from embedding_features.fresh.recipes.medoids import MedoidsRecipe
from embedding_features.fresh.recipes.mixture import MixtureRecipe
from embedding_features.fresh.recipes.pooled import PooledRecipe
from embedding_features.fresh.recipes.taste import TasteRecipe

_OURS: tuple[type[Recipe], ...] = (FoldInRecipe, TasteRecipe, PooledRecipe, MixtureRecipe, MedoidsRecipe)

#: name → recipe, in the order in which figures come
RECIPES: dict[str, type[Recipe]] = {recipe.name: recipe for recipe in _OURS}

__all__ = ["RECIPES", "Recipe"]
