"""What reproduces a page of the documentation, written against public names; not installed."""
