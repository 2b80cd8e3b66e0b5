"""Loss landscapes of any PyTorch model."""
