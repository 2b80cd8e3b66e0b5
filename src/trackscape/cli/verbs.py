"""Makes commands of functions."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import typer
import typer.core


class _Verb(typer.core.TyperCommand):
    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Leaves out the braces around arguments that are needed."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


def add_verb(app: typer.Typer, verb: Callable[..., None], *, then: str) -> None:
    """Adds a command, which Ctrl-C ends with a sentence and status 130.

    Arguments:
        app: Where it is added.
        verb: A function whose arguments are options.
        then: What the sentence says after "Interrupted."
    """

    @functools.wraps(verb)
    def run(**options: Any) -> None:
        try:
            verb(**options)
        except KeyboardInterrupt:
            print(f"Interrupted. {then}", file=sys.stderr)
            raise typer.Exit(130) from None

    app.command(cls=_Verb)(run)
