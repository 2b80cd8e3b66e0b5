"""Surfaces and eigenpairs beside the tools that others use, on the same tracker, in one run."""
