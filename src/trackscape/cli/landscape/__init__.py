"""`trackscape landscape`: what the loss of a network looks like around its weights."""

import typer

from trackscape.cli.computing import add_verb
from trackscape.cli.landscape.connect import connect
from trackscape.cli.landscape.curvature import curvature
from trackscape.cli.landscape.similarity import similarity
from trackscape.cli.landscape.surface import surface

app = typer.Typer(
    no_args_is_help=True,
    help="Loss landscapes: surfaces, curvature, paths, similarity.",
)
for verb in (surface, curvature, connect, similarity):
    add_verb(app, verb, then="With --work FOLDER, the same command goes on from there.")
