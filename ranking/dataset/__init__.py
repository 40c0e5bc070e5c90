"""From a task and its features to a ranker's inputs, in memory or on disk."""
