"""A pencil beam, and the plan of spots that it scans, from text or a CSV file."""

import csv
import dataclasses
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trackscape.errors import ConfigError, FormatError
from trackscape.simulation.setup.detector import Detector
from trackscape.text import listed, shown
from trackscape.units import mrad

_Column = npt.NDArray[np.float64]
_OPTIONS = {
    "energy": ("energy", 1.0),
    "spread": ("energy_spread", 0.01),
    "spot": ("spot_size", 1.0),
    "divergence": ("divergence", mrad),
    "source": ("source", 1.0),
    "magnet": ("magnet", 1.0),
}
"""Field of the beam and unit of each key of the command line."""
_REQUIRED = ("spotX", "spotY")
_WEIGHTS = ("weight", "primaries")
_COLUMNS = (*_REQUIRED, *_WEIGHTS, "energy")
_MAX_BYTES = 100_000_000


@dataclasses.dataclass(frozen=True)
class Beam:
    """A Gaussian pencil beam along z. The defaults are those of the shared Geant4 hits.

    A spot at x in the isocentre plane is aimed along atan(x / magnet): its axis crosses the plane
    at z at x (1 + z / magnet). The same holds for y.

    Raises:
        ConfigError: If a value is impossible.
    """

    energy: float = 230.0
    """Mean kinetic energy in MeV."""
    energy_spread: float = 0.004
    """Standard deviation of the energy, relative to it."""
    spot_size: float = 3.8
    """Standard deviation of x and y at the source plane in mm."""
    divergence: float = 2.0 * mrad
    """Standard deviation of the angle in each projection in rad, uncorrelated with position."""
    source: float = -500.0
    """Position of the plane where the protons start: z in mm."""
    magnet: float = 6600.0
    """Distance of the scanning magnet before the isocentre in mm."""

    def __post_init__(self) -> None:
        beyond = f"further from the isocentre than {-self.source:g} mm"
        for name, possible, expected in (
            ("energy", self.energy > 0, "an energy of more than 0 MeV"),
            ("energy_spread", 0 <= self.energy_spread <= 0.1, "a spread of 0 to 0.1 of the energy"),
            ("spot_size", self.spot_size >= 0, "a spot size of 0 mm or more"),
            ("divergence", 0 <= self.divergence < 1, "a divergence of 0 to less than 1 rad"),
            ("source", self.source < 0, "a source before the isocentre, at a negative z in mm"),
            ("magnet", self.magnet > -self.source, f"a magnet before the source, {beyond}"),
        ):
            value = getattr(self, name)
            if not (possible and math.isfinite(value)):  # a NaN fails every comparison
                raise ConfigError(f"beam: expected {expected}, got {value:g}; correct {name}.")


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """Spots to scan. Axes: S spots.

    Raises:
        ConfigError: If there are no spots, the columns differ in length or a value is impossible.
    """

    x: _Column
    """Positions in x where the axes of the spots cross the isocentre plane, (S,) in mm."""
    y: _Column
    """Positions in y where the axes of the spots cross the isocentre plane, (S,) in mm."""
    energy: _Column
    """Mean kinetic energy of each spot, (S,) in MeV."""
    weight: _Column
    """Relative number of primaries of each spot, (S,)."""

    def __post_init__(self) -> None:
        shapes = [np.shape(column) for column in (self.x, self.y, self.energy, self.weight)]
        if len(set(shapes)) > 1 or len(shapes[0]) != 1 or shapes[0] == (0,):
            raise ConfigError(
                "plan: expected at least one spot, one x, y, energy and weight each, got the "
                f"shapes {shapes}."
            )
        for name, possible, expected in (
            ("x", np.isfinite(self.x), "a finite position"),
            ("y", np.isfinite(self.y), "a finite position"),
            ("energy", (self.energy > 0) & np.isfinite(self.energy), "more than 0 MeV"),
            ("weight", (self.weight >= 0) & np.isfinite(self.weight), "0 or more"),
        ):
            if not possible.all():
                spot = int(possible.argmin())
                raise ConfigError(
                    f"plan: expected {expected}, got {name} = {getattr(self, name)[spot]:g} for "
                    f"spot {spot} (counted from 0); correct it."
                )
        if self.weight.sum() <= 0:
            raise ConfigError("plan: expected a spot with a weight of more than 0, got only 0.")

    def spot_of(self, primaries: int) -> npt.NDArray[np.int32]:
        """Returns the spot of each primary, ascending: shared by weight, by largest remainder.

        Example:
            >>> plan = Plan(np.zeros(3), np.zeros(3), np.full(3, 230.0), np.array([1.0, 2.0, 1.0]))
            >>> plan.spot_of(5).tolist()
            [0, 1, 1, 1, 2]
        """
        exact = primaries * (self.weight / self.weight.sum())
        counts = np.floor(exact).astype(np.int64)
        missing = primaries - int(counts.sum())
        counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
        return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def single_spot(beam: Beam) -> Plan:
    """Returns a plan with all primaries on the axis."""
    return Plan(np.zeros(1), np.zeros(1), np.array([beam.energy]), np.ones(1))


def parse_beam(text: str) -> Beam:
    """Reads a beam from the command line: ``key=value`` pairs with commas between them.

    The keys are energy (MeV), spread (per cent of the energy), spot (mm), divergence (mrad), source
    (mm) and magnet (mm), see `Beam`; those left out keep their defaults.

    Raises:
        ConfigError: If a key is unknown or given twice, or a value is impossible.

    Example:
        >>> parse_beam("energy=200,spread=0.5,spot=3,divergence=2.5").energy_spread
        0.005
    """
    values: dict[str, float] = {}
    for item in filter(None, text.split(",")):
        key, _, value = (part.strip() for part in item.partition("="))
        field, unit = _OPTIONS.get(key, ("", 1.0))
        if not field or field in values:
            raise ConfigError(
                f"beam: expected key=value with the keys {', '.join(_OPTIONS)}, each once, got "
                f"{item!r}; write for example energy=200,spot=3."
            )
        try:
            values[field] = unit * float(value)
        except ValueError as error:
            raise ConfigError(
                f"beam: expected a number for {key}, got {value!r}; write for example energy=200."
            ) from error
    return Beam(**values)


def check_aim(plan: Plan, *, beam: Beam, detector: Detector) -> None:
    """Checks that at least one spot is aimed at the detector.

    Raises:
        ConfigError: If no axis of a spot crosses the front of the detector.
    """
    reach = 1 + detector.front / beam.magnet
    x, y = reach * plan.x, reach * plan.y
    if not ((abs(x) < detector.width / 2) & (abs(y) < detector.height / 2)).any():
        raise ConfigError(
            "plan: expected a spot that is aimed at the detector, "
            f"{detector.width:g} x {detector.height:g} mm, but the nearest meets its plane at "
            f"x = {x[abs(x).argmin()]:.4g}, y = {y[abs(y).argmin()]:.4g} mm; correct the spots."
        )


def read_plan(path: Path | str, beam: Beam) -> Plan:
    """Reads a plan from a CSV file with a header.

    The columns are spotX and spotY, where the axis of a spot crosses the isocentre plane in mm,
    weight or primaries, relative numbers of primaries (1 each if left out), and energy in MeV (that
    of the beam if left out).

    Raises:
        FormatError: If the file is no such table.
        ConfigError: If a spot is impossible, as in `Plan`.
    """
    path = Path(path)
    header, rows = _read_rows(path)
    _check_header(header, path=path)
    columns = {name: _numbers(rows, at=at, name=name, path=path) for at, name in enumerate(header)}
    ones = np.ones(len(rows))
    weight = next((columns[name] for name in _WEIGHTS if name in columns), ones)
    energy = columns.get("energy", beam.energy * ones)
    try:
        return Plan(columns["spotX"], columns["spotY"], energy, weight)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FormatError(
                f"{path}: expected a plan of less than {_MAX_BYTES // 10**6} MB; name another file."
            )
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise FormatError(
            f"{path}: expected a plan, but {error.strerror}; check the path."
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise FormatError(
            f"{path}: expected a CSV file, but it cannot be read ({shown(error)})."
        ) from error
    if len(rows) < 2:
        raise FormatError(
            f"{path}: expected a header with {', '.join(_REQUIRED)} and a row for each spot, but "
            f"the file has {len(rows)} rows; add the spots."
        )
    return [name.strip() for name in rows[0]], rows[1:]


def _check_header(header: list[str], *, path: Path) -> None:
    weights = sum(name in _WEIGHTS for name in header)
    wrong = [name for name in header if name not in _COLUMNS or header.count(name) > 1]
    missing = [name for name in _REQUIRED if name not in header]
    if wrong or missing or weights > 1:
        raise FormatError(
            f"{path}: expected the columns {', '.join(_REQUIRED)}, and perhaps energy and one of "
            f"{' or '.join(_WEIGHTS)}, each once, got {listed(header)}; rename or remove some."
        )


def _numbers(rows: list[list[str]], *, at: int, name: str, path: Path) -> np.ndarray:
    values: list[float] = []
    for number, row in enumerate(rows):
        try:
            values.append(float(row[at]))
        except (ValueError, IndexError) as error:
            found = repr(shown(row[at])) if at < len(row) else "nothing"
            raise FormatError(
                f"{path}: column {name}, spot {number} (counted from 0): expected a number, got "
                f"{found}; write plain numbers, with a decimal point."
            ) from error
    return np.array(values)
