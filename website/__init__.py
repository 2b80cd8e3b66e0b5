"""Builds the site of the documentation, with MkDocs; nothing of it is installed."""
