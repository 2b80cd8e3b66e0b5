"""The paper's interaction networks, and the compiled kernels of the one on line graphs."""
