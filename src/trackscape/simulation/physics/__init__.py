"""The physics of protons in matter, as pure functions."""
