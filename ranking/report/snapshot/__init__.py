"""A snapshot's report: its figures, its maps and its page."""
