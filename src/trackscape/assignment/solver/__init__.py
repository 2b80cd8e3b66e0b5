"""Edges with costs -> the cheapest assignment: the solver and what applies it to a frame."""
