"""Finds columns that know their label or its future."""
