"""The paper's study of the loss landscape, on every training of several settings and seeds."""
