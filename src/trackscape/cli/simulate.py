"""`trackscape simulate`: hits made, of one angle or of a scan."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from trackscape.cli.completion import PHANTOMS, among, settings_of
from trackscape.cli.opening import choose_executor
from trackscape.cli.options import Changes, SimulatedDetector, checked_place, option
from trackscape.cli.output import say
from trackscape.errors import ConfigError
from trackscape.files import check_place
from trackscape.text import shown


def simulate_verb(
    ctx: typer.Context,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File of hits to write: npz; folder of a --scan."
        ),
    ],
    scan: Annotated[
        Path | None,
        option(
            "FILE|NAME",
            "Scan to simulate: YAML, or shipped settings such as scan/ctp404. Options below "
            "change what it says.",
            autocompletion=settings_of("scan"),
        ),
    ] = None,
    phantom: Annotated[
        str,
        option(
            "NAME",
            "none, water:MM, wedge, ctp404, line-pairs, head, a cylinder with inserts (yaml), "
            "or labelled voxels (npz, mhd).",
            autocompletion=among(PHANTOMS),
        ),
    ] = "water:100",
    primaries: Annotated[
        int, option("N", "Number of protons to simulate.", "--primaries", "-n")
    ] = 20_000,
    seed: Annotated[int, option("N", "Random seed.")] = 0,
    engine: Annotated[
        Literal["fast", "geant4"],
        option("fast|geant4", "Simulation engine; geant4 needs the extra `geant4`."),
    ] = "fast",
    detector: SimulatedDetector = "bergen-auto",
    beam: Annotated[
        str,
        option(
            "NAME=VALUE,...",
            "Parameters that differ from energy=230,spread=0.4,spot=3.8,divergence=2,"
            "source=-500,magnet=6600 (MeV, %, mm, mrad, mm, mm).",
        ),
    ] = "",
    plan: Annotated[
        Path | None, option("FILE", "CSV of spots: spotX, spotY (mm), weight, energy (MeV).")
    ] = None,
    angle: Annotated[float, option("DEGREES", "Rotation angle of the phantom.")] = 0.0,
    truth: Annotated[
        Path | None,
        option(
            "FILE",
            "File (npz) to write with a row for each primary, too.",
            callback=checked_place(".npz"),
        ),
    ] = None,
    law: Annotated[
        Literal["geant4", "theory"],
        option("geant4|theory", "Scattering of the fast engine: as in Geant4's steps, or theory."),
    ] = "geant4",
    changes: Changes = None,
    threads: Annotated[
        int | None,
        option(
            "N",
            "Threads of the fast engine, or processes of geant4. (default: one per core)",
            min=1,
        ),
    ] = None,
    executor: Annotated[
        str | None,
        option("ray[://ADDRESS]", "Ray cluster that shares the angles of a scan (extra: cluster)."),
    ] = None,
) -> None:
    """Simulate protons through a phantom into the detector.

    The result depends on the options and the seed, not on the number of cores. A scan turns the
    phantom from angle to angle; after an interruption the same command goes on.
    """
    if scan is not None:
        _simulate_scan(ctx, scan, output, changes or (), threads, executor)
        return
    if changes:
        raise ConfigError("Expected --set beside --scan, whose settings it replaces; leave it out.")
    if executor is not None:
        raise ConfigError(
            "Expected --executor beside --scan, whose angles are shared; leave it out."
        )
    check_place(output, suffixes=(".npz",))
    from trackscape.compiled import announce_compilation
    from trackscape.progress import show_primaries
    from trackscape.simulation import make_setup, simulate

    setup = make_setup(
        detector=detector,
        phantom=phantom,
        beam=beam,
        plan=plan,
        angle=math.radians(angle),
        condensed_history=law,
    )
    announce_compilation()
    rows = simulate(
        setup,
        output,
        primaries=primaries,
        seed=seed,
        engine=engine,
        truth=truth,
        threads=threads,
        progress=show_primaries,
    )
    say(f"{primaries:,} primaries, {rows:,} hits: {shown(output)}")


def _simulate_scan(
    ctx: typer.Context,
    scan: Path,
    folder: Path,
    changes: Sequence[str],
    threads: int | None,
    executor: str | None,
) -> None:
    from trackscape.compiled import announce_compilation
    from trackscape.simulation import load_scan_settings, simulate_scan

    given = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in ctx.params.items()
        if getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    for name in ("angle", "truth"):
        if name in given:
            raise ConfigError(
                f"Expected no --{name} beside --scan, which has angles of its own and writes the "
                "primaries of each; leave it out."
            )
    for name in ("scan", "output", "changes", "threads", "executor", "quiet", "verbose"):
        given.pop(name, None)
    settings = load_scan_settings(scan, changes=changes, **given)
    announce_compilation()
    crew = None if executor is None else choose_executor(executor, threads)
    cores = len(os.sched_getaffinity(0))
    workers = cores if threads is None and crew is None else threads or 1
    done = simulate_scan(settings, folder, workers=workers, executor=crew)
    angles = len(done.angles)
    say(f"{angles:,} angles, {angles * done.primaries:,} primaries: {shown(folder)}")
