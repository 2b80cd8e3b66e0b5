"""`trackscape landscape`: what the loss of a network looks like around its weights."""

import typer

from trackscape.cli.landscape.connect import connect
from trackscape.cli.landscape.curvature import curvature
from trackscape.cli.landscape.similarity import similarity
from trackscape.cli.landscape.study import study
from trackscape.cli.landscape.surface import surface

app = typer.Typer(
    no_args_is_help=True,
    help="Loss landscapes of networks: surfaces, curvature, paths between trainings.",
)
for verb in (surface, curvature, connect, similarity, study):
    app.command()(verb)
