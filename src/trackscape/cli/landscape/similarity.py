"""`trackscape landscape similarity`: how alike two networks are."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.landscape.options import Card, Frames, Network, Reject, Seed, make_config
from trackscape.cli.options import HitFile, NetworkClass, PerFrame
from trackscape.text import shown


def similarity(
    file: HitFile,
    first: Network,
    second: Network,
    per_frame: PerFrame,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="File to write: json."),
    ] = None,
    frames: Frames = 20,
    reject: Reject = 0.5,
    card: Card = False,
    seed: Seed = 0,
    network: NetworkClass = None,
    threads: Threads = None,
) -> None:
    """Compare what the layers of two networks compute, and what they decide."""
    from trackscape.tracker_landscape.similarity import compare_networks

    prepare(threads)
    config = make_config(
        file,
        per_frame=per_frame,
        frames=frames,
        losses=None,
        reject=reject,
        card=card,
        norm=None,
        seed=seed,
        network=network,
    )
    found = compare_networks(config, (first, second), outputs=tuple(output or ()))
    for name, layer in found.layers.items():
        print(f"CKA of {name}: {layer.value:.3f} +- {layer.standard_error:.3f}")
    a, b = (100 * error for error in found.errors)
    print(f"wrong decisions: {a:.3f} % and {b:.3f} %")
    print(
        f"decided differently: {100 * found.differing:.3f} %; disagreement "
        f"{found.disagreement:.3f} (by chance {found.by_chance:.3f})"
    )
    for path in output or ():
        print(shown(path))
