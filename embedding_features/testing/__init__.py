"""Tests that an author of a plug-in runs on a class of their own."""
