"""Settings of a scan -> its folder: one file of hits and one of primaries for each angle."""

import contextlib
import dataclasses
import hashlib
import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np

import trackscape
from trackscape.errors import FormatError, RunError
from trackscape.execution import Processes, Workers, run_jobs
from trackscape.files import check_place, locked, replacing, write_json
from trackscape.progress import progress_bar
from trackscape.simulation.record import Setup
from trackscape.simulation.run import check_setup, choose_engine, simulate
from trackscape.simulation.setup.beam import parse_beam
from trackscape.simulation.setup.detector import detector_file, load_detector
from trackscape.simulation.setup.phantom_files import parse_phantom, write_phantom
from trackscape.simulation.setup.scan import (
    DETECTOR,
    MANIFEST,
    PHANTOM,
    Scan,
    digest_phantom,
    read_scan,
)
from trackscape.simulation.setup.scan_settings import ScanSettings
from trackscape.text import listed

_LOG = logging.getLogger(__name__)


def simulate_scan(
    settings: ScanSettings,
    folder: Path | str,
    *,
    workers: int = 1,
    executor: Workers | None = None,
    progress: bool = True,
) -> Scan:
    """Simulates a scan, angle by angle, into a folder.

    After an interruption of any kind the same call goes on, to the same bytes. Files appear whole
    or not at all; the manifest names them when all are there.

    Arguments:
        settings: Phantom, angles, spots, beam, detector, engine and seed.
        folder: New, or that of the same scan.
        workers: Number of processes that share the angles or, of Geant4, the protons of an angle;
            the result does not depend on it. One process alone if 1.
        executor: Who shares the angles, if not that number of processes; of Geant4 each of them has
            these processes.
        progress: Whether to show a bar with the time that remains.

    Returns:
        The scan, as `read_scan` reads it.

    Raises:
        ConfigError: The setup is impossible, before anything is simulated.
        RunError: The folder holds another scan, or another process writes to it.
        FormatError: A file cannot be written.
    """
    folder = Path(folder)
    check_place(folder / MANIFEST)
    beam = parse_beam(settings.beam)
    setup = Setup(
        detector=load_detector(settings.detector),
        phantom=parse_phantom(settings.phantom),
        beam=beam,
        plan=settings.make_plan(beam),
        condensed_history=settings.law,
    )
    # Geant4 has processes of its own, which share the protons of an angle.
    inner = workers if settings.engine == "geant4" else 1
    if executor is None and workers // inner > 1:
        executor = Processes(workers // inner)
    job = _AngleJob(setup, settings, folder, threads=inner)
    choose_engine(settings.engine)
    for number in range(len(settings.degrees)):
        check_setup(job.setup_at(number), primaries=settings.primaries, seed=settings.seed)
    with locked(folder):
        begun = _begin(job)
        _simulate_angles(job, executor, progress=progress)
        _finish(folder, begun, angles=len(settings.degrees))
    return read_scan(folder)


@dataclasses.dataclass(frozen=True)
class _AngleJob:
    """Simulates the angle of a number."""

    setup: Setup
    settings: ScanSettings
    folder: Path
    threads: int

    def setup_at(self, number: int) -> Setup:
        angle = math.radians(self.settings.degrees[number])
        phantom = dataclasses.replace(self.setup.phantom, angle=angle)
        return dataclasses.replace(self.setup, phantom=phantom)

    def __call__(self, number: int) -> None:
        hits, primaries = _names(number)
        # Each angle of each seed has random numbers of its own.
        state = np.random.SeedSequence((self.settings.seed, number)).generate_state(1, np.uint64)
        simulate(
            self.setup_at(number),
            self.folder / hits,
            primaries=self.settings.primaries,
            seed=int(state[0] >> np.uint64(1)),
            engine=self.settings.engine,
            truth=self.folder / primaries,
            threads=self.threads,
        )


def _names(number: int) -> tuple[str, str]:
    """Returns the names of the files of hits and of primaries of an angle."""
    return f"hits_{number:03d}.npz", f"primaries_{number:03d}.npz"


def _begin(job: _AngleJob) -> dict[str, Any]:
    """Returns the manifest, after it was written, or compared with the one that is there."""
    path, header = job.folder / MANIFEST, _describe(job)
    others = [each.name for each in job.folder.iterdir() if each.name != ".lock"]
    begun = _read(path) if path.exists() else header
    differ = [key for key in header if key != "files" and begun.get(key) != header[key]]
    if differ or (others and not path.exists()):
        found = f"that differs in {listed(differ)}" if differ else listed(sorted(others), most=3)
        raise RunError(
            f"{job.folder}: expected a new folder or that of the same scan, but it holds "
            f"{'a scan ' if differ else ''}{found}; choose another folder."
        )
    write_json(path, begun)
    if not (job.folder / PHANTOM).exists():
        write_phantom(job.setup.phantom, job.folder / PHANTOM)
    with replacing(job.folder / DETECTOR) as partial:
        partial.write_bytes(detector_file(job.settings.detector).read_bytes())
    return begun


def _describe(job: _AngleJob) -> dict[str, Any]:
    """Returns the manifest of a scan without any files yet."""
    setup, settings = job.setup, job.settings
    detector = {"name": setup.detector.name, "digest": _digest(detector_file(settings.detector))}
    return {
        "format": "trackscape scan",
        "version": 1,
        "trackscape": trackscape.__version__,
        "engine": settings.engine,
        "law": settings.law,
        "detector": detector,
        "phantom": {"name": setup.phantom.name, "digest": digest_phantom(setup.phantom)},
        "beam": dataclasses.asdict(setup.beam) | {"units": "MeV, mm, rad"},
        "angles (degrees)": settings.degrees,
        "spots (mm, MeV)": {name: column.tolist() for name, column in vars(setup.plan).items()},
        "primaries": settings.primaries,
        "seed": settings.seed,
        "files": [],
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RunError(
            f"{path}: expected the manifest of a scan, but it is damaged; choose another folder."
        )
    return content


def _simulate_angles(job: _AngleJob, executor: Workers | None, *, progress: bool) -> None:
    numbers = range(len(job.settings.degrees))
    left = [n for n in numbers if not all((job.folder / name).exists() for name in _names(n))]
    done = len(numbers) - len(left)
    with (
        contextlib.closing(run_jobs(job, left, executor if len(left) > 1 else None)) as finished,
        progress_bar("angles", total=len(numbers), done=done, show=progress) as advance,
    ):
        for number, _ in finished:
            _LOG.info("Simulated angle %d.", number)
            advance(1)


def _finish(folder: Path, begun: dict[str, Any], *, angles: int) -> None:
    files: list[dict[str, str]] = []
    for number in range(angles):
        names = dict(zip(("hits", "primaries"), _names(number), strict=True))
        digests = {f"{kind}_sha256": _digest(folder / name) for kind, name in names.items()}
        files.append(names | digests)
    if begun.get("files") and begun["files"] != files:
        raise FormatError(
            f"{folder}: expected the files that {MANIFEST} names, but some were changed; remove "
            "them, so that they are simulated anew."
        )
    write_json(folder / MANIFEST, begun | {"files": files})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
