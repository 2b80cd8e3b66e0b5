"""A primary and all that it sets free, step by step through phantom and detector; compiled."""
