"""The jobs and their command line."""
