"""The ranking task: its settings, and the labels read from its log."""
