"""Makes ``python -m trackscape`` the command line."""

from trackscape.cli import main

main()
