"""What is made of a node's events and a snapshot: one recipe a file."""

from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.recipes.fold_in import FoldInRecipe

_OURS: tuple[type[Recipe], ...] = (FoldInRecipe,)

#: name → recipe, in the order in which figures come
RECIPES: dict[str, type[Recipe]] = {recipe.name: recipe for recipe in _OURS}

__all__ = ["RECIPES", "Recipe"]
