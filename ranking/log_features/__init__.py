"""Features that the log alone gives: counts, means, histories, item-kNN, as of each row's own time."""
