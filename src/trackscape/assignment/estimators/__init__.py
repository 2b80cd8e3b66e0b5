"""Decisions that let gradients through, one function for each estimator."""
