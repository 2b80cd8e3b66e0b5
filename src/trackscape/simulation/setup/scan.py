"""A scan: the phantom turned from angle to angle, the same spots at each; its folder, read back.

A folder of a scan has

    scan.json                               manifest, without `files` until all are there
    phantom.npz, phantom.yaml               phantom at the angle zero, as `read_phantom` reads it
    detector.yaml                           detector, as `load_detector` reads it
    hits_000.npz, primaries_000.npz, ...    what `simulate` writes, for each angle
"""

import dataclasses
import functools
import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pydantic

from trackscape.errors import ConfigError, FormatError
from trackscape.formats import Count, Strict
from trackscape.simulation.setup.beam import Beam, Plan
from trackscape.simulation.setup.detector import Detector, load_detector
from trackscape.simulation.setup.phantom import Phantom
from trackscape.simulation.setup.phantom_files import read_phantom
from trackscape.simulation.setup.scan_settings import EngineName, LawName
from trackscape.text import shown

MANIFEST, PHANTOM, DETECTOR = "scan.json", "phantom.npz", "detector.yaml"
"""Names of files in the folder of a scan."""
_MAX_BYTES = 100_000_000
_Finite = Annotated[float, pydantic.Field(allow_inf_nan=False)]
_Angles = Annotated[list[_Finite], pydantic.Field(min_length=1, max_length=100_000)]


@dataclasses.dataclass(frozen=True, eq=False)
class Scan:
    """A finished scan in a folder. Axes: A angles, S spots.

    The isocentre, about which the phantom turns, is the origin of all positions in mm; the beam
    goes along z, y is the vertical axis. At an angle a, a point (X, y, Z) of the phantom is at
    x = X cos a + Z sin a, z = Z cos a - X sin a.
    """

    folder: Path
    """Folder of all files."""
    angles: npt.NDArray[np.float64]
    """Angles of the phantom, (A,) in degrees."""
    files: tuple[Path, ...]
    """Files of hits, one for each angle, with the spot of each hit."""
    primaries_files: tuple[Path, ...]
    """Files of primaries, one for each angle: where each proton was, and its energy."""
    digests: tuple[str, ...]
    """SHA-256 of each file of hits, hexadecimal."""
    primaries: int
    """Number of protons at each angle; the events of a file are 0 to this, spot after spot."""
    plan: Plan
    """Spots, the same at each angle."""
    beam: Beam
    """Pencil beam: energy, spread, spot size, divergence, source plane and magnet."""
    phantom_name: str
    """Name of the phantom."""
    phantom_digest: str
    """Digest of the phantom, see `digest_phantom`."""
    detector_name: str
    """Name of the detector."""
    seed: int
    """Seed of the random numbers."""
    engine: str
    """Engine of the simulation."""

    @property
    def spots(self) -> npt.NDArray[np.float64]:
        """Positions of the spots at the isocentre plane, (S, 2) x and y in mm."""
        return np.stack([self.plan.x, self.plan.y], axis=1)

    @property
    def spot_of_event(self) -> npt.NDArray[np.int32]:
        """Number of the spot of each event of a file, (primaries,)."""
        return self.plan.spot_of(self.primaries)

    @functools.cached_property
    def phantom(self) -> Phantom:
        """The phantom at the angle zero.

        Raises:
            FormatError: Its file is damaged, or is not that of the scan.
        """
        phantom = read_phantom(self.folder / PHANTOM)
        if digest_phantom(phantom) != self.phantom_digest:
            raise FormatError(
                f"{self.folder / PHANTOM}: expected the phantom of the scan, but the file or its "
                "table was changed; copy both files of the scan anew."
            )
        return dataclasses.replace(phantom, name=self.phantom_name)

    @functools.cached_property
    def detector(self) -> Detector:
        """The detector."""
        return load_detector(self.folder / DETECTOR)


class _AngleFiles(Strict):
    hits: str
    primaries: str
    hits_sha256: str
    primaries_sha256: str


class _Part(Strict):
    name: str
    digest: str


class _Manifest(Strict):
    format: Literal["trackscape scan"]
    version: Literal[1]
    trackscape: str
    engine: EngineName
    law: LawName
    detector: _Part
    phantom: _Part
    beam: dict[str, float | str]
    angles: _Angles = pydantic.Field(alias="angles (degrees)")
    spots: dict[str, list[_Finite]] = pydantic.Field(alias="spots (mm, MeV)")
    primaries: Count
    seed: int
    files: list[_AngleFiles]

    @pydantic.model_validator(mode="after")
    def _one_entry_for_each_angle(self) -> "_Manifest":
        if self.files and len(self.files) != len(self.angles):
            raise ValueError(
                f"expected files for each of {len(self.angles)} angles, got {len(self.files)}"
            )
        return self


def read_scan(folder: Path | str) -> Scan:
    """Reads a folder that `trackscape simulate --scan` wrote.

    Arguments:
        folder: The folder, or the manifest in it.

    Raises:
        FormatError: There is no scan, it is not finished, its manifest is damaged or a file is
            missing.
    """
    folder = Path(folder)
    folder = folder.parent if folder.name == MANIFEST else folder
    path = folder / MANIFEST
    manifest = _parse(path)
    if not manifest.files:
        raise FormatError(
            f"{path}: expected a finished scan, but it was interrupted; run the same `trackscape "
            "simulate --scan` again to go on."
        )
    beam, plan = _beam_and_plan(manifest, path)
    return Scan(
        folder=folder,
        angles=np.array(manifest.angles),
        files=_there(folder, [entry.hits for entry in manifest.files]),
        primaries_files=_there(folder, [entry.primaries for entry in manifest.files]),
        digests=tuple(entry.hits_sha256 for entry in manifest.files),
        primaries=manifest.primaries,
        plan=plan,
        beam=beam,
        phantom_name=manifest.phantom.name,
        phantom_digest=manifest.phantom.digest,
        detector_name=manifest.detector.name,
        seed=manifest.seed,
        engine=manifest.engine,
    )


def _beam_and_plan(manifest: _Manifest, path: Path) -> tuple[Beam, Plan]:
    beam: dict[str, Any] = {key: value for key, value in manifest.beam.items() if key != "units"}
    columns = {name: np.array(column) for name, column in manifest.spots.items()}
    try:
        return Beam(**beam), Plan(**columns)
    except (TypeError, ConfigError) as error:
        raise FormatError(f"{path}: expected beam and spots, but {shown(error)}") from error


def _there(folder: Path, names: list[str]) -> tuple[Path, ...]:
    """Returns the paths of files of a scan, which no name leads out of its folder."""
    paths = [folder / Path(name).name for name in names]
    for path in (folder / PHANTOM, folder / DETECTOR, *paths):
        if not path.is_file():
            raise FormatError(
                f"{path}: expected this file of a scan, but nothing is there; copy the whole "
                "folder."
            )
    return tuple(paths)


def _parse(path: Path) -> _Manifest:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is far too large")
        return _Manifest.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise FormatError(
            f"{path}: expected the manifest of a scan, but {error.strerror}; name a folder that "
            "`trackscape simulate --scan` wrote."
        ) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{path}: expected the manifest of a scan, but {_reason(error)}; copy it anew."
        ) from error


def _reason(error: Exception) -> str:
    if not isinstance(error, pydantic.ValidationError):
        return f"it cannot be read ({shown(error)})"
    problem = error.errors(include_url=False)[0]
    place = ".".join(map(str, problem["loc"])) or "the file"
    return f"{shown(place)} is wrong ({shown(problem['msg'])})"


def digest_phantom(phantom: Phantom) -> str:
    """Returns a digest of all that decides how protons cross a phantom at the angle zero.

    SHA-256 of labels, edges to the nanometre, and materials to nine digits.
    """
    parts = [repr(phantom.labels.shape), *(f"{edge:.6f}" for e in phantom.edges for edge in e)]
    for m in phantom.materials:
        elements = " ".join(f"{symbol} {w:.9g}" for symbol, w in sorted(m.fractions.items()))
        numbers = f"{m.density:.9g} {m.excitation_energy:.9g}"
        parts += [f"{m.name} {m.reference} {numbers} {elements}"]
    text = "\n".join(parts).replace("-0.000000", "0.000000")
    return hashlib.sha256(text.encode() + phantom.labels.tobytes()).hexdigest()
