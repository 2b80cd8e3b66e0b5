"""Beam, phantom and detector -> hits."""
