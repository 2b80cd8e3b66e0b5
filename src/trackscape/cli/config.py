"""`trackscape config`: settings that come with the package."""

from typing import Annotated

import typer

from trackscape.cli.completion import settings_of
from trackscape.cli.computing import add_verb
from trackscape.cli.output import Json, publish


def list_verb(json: Json = None) -> None:
    """List the names of shipped settings, which stand for their files."""
    from trackscape.formats import shipped_settings

    names = shipped_settings()
    publish({"settings": names}, json, lambda: print("\n".join(names)))


def show_verb(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Such as cpu/trackscape.", autocompletion=settings_of()
        ),
    ],
) -> None:
    """Print a file of settings, with its comments."""
    from trackscape.formats import shipped_file

    print(shipped_file(name).read_text(encoding="utf-8"), end="")


app = typer.Typer(no_args_is_help=True, help="Settings that come with the package.")
for verb in (list_verb, show_verb):
    add_verb(app, verb, then="Nothing was written.")
