"""Gathers the verbs, and turns errors that a user can mend into one sentence and status 2."""

import os
import sys

import typer

import trackscape
from trackscape.cli.align import align_verb
from trackscape.cli.computing import add_verb, allow_every_text, whole_output
from trackscape.cli.config import app as config
from trackscape.cli.convert import convert_verb
from trackscape.cli.describe import compare_verb, detector_verb, phantom_verb
from trackscape.cli.display import display_verb
from trackscape.cli.doctor import doctor_verb
from trackscape.cli.emulate import app as emulate
from trackscape.cli.image import image_verb, pairs_verb
from trackscape.cli.landscape import app as landscape
from trackscape.cli.output import Quiet, Verbose
from trackscape.cli.pixels import cluster_verb, digitise_verb
from trackscape.cli.reconstruct import evaluate_verb, inspect_verb, reconstruct_verb
from trackscape.cli.rsp import calibrate_verb, rsp_verb
from trackscape.cli.simulate import simulate_verb
from trackscape.cli.train import demo_verb, train_verb
from trackscape.cli.tune import tune_verb
from trackscape.errors import TrackscapeError
from trackscape.memory import keep_freed_memory

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Proton tracks from a network trained through the assignment that decides them.",
)
NOTHING = "Nothing was written."
NO_HALF = "No file is left half written."
GOES_ON = "Run the same command again to go on."
for verb, then in {
    inspect_verb: NOTHING,
    convert_verb: NOTHING,
    train_verb: GOES_ON,
    tune_verb: GOES_ON,
    reconstruct_verb: GOES_ON,
    evaluate_verb: "Nothing was written; with --json FILE the same command goes on.",
    display_verb: NO_HALF,
    demo_verb: GOES_ON,
    detector_verb: NOTHING,
    phantom_verb: NOTHING,
    simulate_verb: "Nothing was written, except finished angles of a scan.",
    compare_verb: NO_HALF,
    image_verb: GOES_ON,
    pairs_verb: GOES_ON,
    rsp_verb: NOTHING,
    calibrate_verb: NOTHING,
    align_verb: NOTHING,
    digitise_verb: NOTHING,
    cluster_verb: NOTHING,
    doctor_verb: NOTHING,
}.items():
    add_verb(app, verb, then=then)
app.add_typer(config, name="config")
app.add_typer(landscape, name="landscape")
app.add_typer(emulate, name="emulate")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"trackscape {trackscape.__version__}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]
    ctx: typer.Context,
    quiet: Quiet = False,
    verbose: Verbose = False,
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    ctx.ensure_object(dict).update(quiet=quiet, verbose=verbose)


def main() -> None:
    """Runs the command line."""
    keep_freed_memory()
    allow_every_text()
    # No verb opens a window, and the choice of a notebook or a desktop may not be installed here.
    os.environ["MPLBACKEND"] = "Agg"
    try:
        with whole_output():
            app()
    except TrackscapeError as error:
        typer.secho(f"Error: {error}", err=True, fg=typer.colors.RED)
        sys.exit(2)
