"""Public data sets as graphs, with what methods are judged by on them."""
