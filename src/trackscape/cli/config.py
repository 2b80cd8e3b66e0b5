"""`trackscape config`: settings that come with the package."""

from typing import Annotated

import typer

from trackscape.cli.computing import add_verb


def list_verb() -> None:
    """List the names of shipped settings, which stand for their files."""
    from trackscape.formats import shipped_settings

    print("\n".join(shipped_settings()))


def show_verb(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as cpu/trackscape.")],
) -> None:
    """Print a file of settings, with its comments."""
    from trackscape.formats import shipped_file

    print(shipped_file(name).read_text(encoding="utf-8"), end="")


app = typer.Typer(no_args_is_help=True, help="Settings that come with the package.")
for verb in (list_verb, show_verb):
    add_verb(app, verb, then="Nothing was written.")
