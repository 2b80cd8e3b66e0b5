"""Every method on the same frames, beside the published figures, as a page of the docs."""
