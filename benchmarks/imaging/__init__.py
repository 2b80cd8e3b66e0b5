"""Images of one scan by several engines."""
