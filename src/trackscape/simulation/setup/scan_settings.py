"""A YAML file -> what is scanned: phantom, angles, spots, beam and detector."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pydantic

from trackscape.formats import Count, Positive, Strict, find_settings, read_settings
from trackscape.simulation.setup.beam import Beam, Plan, read_plan
from trackscape.simulation.setup.phantom_files import FILES

EngineName = Literal["fast", "geant4"]
LawName = Literal["geant4", "theory"]


class _AngleSettings(Strict):
    first: float = 0.0
    step: float
    number: Annotated[int, pydantic.Field(ge=1, le=100_000)]


class _SpotSettings(Strict):
    columns: Annotated[int, pydantic.Field(ge=1, le=1000)]
    rows: Annotated[int, pydantic.Field(ge=1, le=1000)] = 1
    pitch: Positive

    def make_plan(self, beam: Beam) -> Plan:
        y, x = np.indices((self.rows, self.columns), dtype=np.float64).reshape(2, -1)
        x, y = (self.pitch * (places - places.mean()) for places in (x, y))
        return Plan(x, y, np.full(len(x), beam.energy), np.ones(len(x)))


class ScanSettings(Strict):
    """A scan as a YAML file describes it."""

    phantom: str
    """Phantom as on the command line; a file is looked for beside the settings."""
    angles: _AngleSettings
    """Angles of the phantom about the vertical axis: first, step and number, in degrees."""
    spots: _SpotSettings | None = None
    """Spots on a grid about the axis: columns in x, rows in y, pitch in mm."""
    plan: str | None = None
    """CSV file of spots instead, beside the settings, see `read_plan`."""
    primaries: Count
    """Protons at each angle, shared among the spots."""
    detector: str = "bergen-auto"
    """Detector as on the command line; a file is looked for beside the settings."""
    beam: str = ""
    """Parameters of the beam that differ from the default, as on the command line."""
    engine: EngineName = "fast"
    """Engine of the simulation."""
    law: LawName = "geant4"
    """Condensed history that the fast engine follows, see `Setup`."""
    seed: Annotated[int, pydantic.Field(ge=0, lt=2**63)] = 0
    """Seed of the random numbers; each angle has random numbers of its own."""

    @pydantic.model_validator(mode="after")
    def _spots_or_plan(self) -> "ScanSettings":
        if (self.spots is None) == (self.plan is None):
            raise ValueError("expected either spots or plan; give one of them")
        return self

    @property
    def degrees(self) -> list[float]:
        """Angles of the phantom in degrees."""
        return [self.angles.first + self.angles.step * k for k in range(self.angles.number)]

    def make_plan(self, beam: Beam) -> Plan:
        """Returns the spots, which are the same at each angle."""
        return self.spots.make_plan(beam) if self.spots else read_plan(self.plan or "", beam)


def load_scan_settings(path: Path, changes: Sequence[str] = (), **given: Any) -> ScanSettings:
    """Reads the settings of a scan.

    Arguments:
        path: YAML file, see `ScanSettings`, or the name of a shipped one, such as ``scan/ctp404``.
        changes: Settings to replace, such as ``angles.number=20``; files among them are looked for
            beside the settings.
        given: Values that count instead of those of the file; files among them are looked for in
            the working folder.

    Raises:
        ConfigError: The file is no such description.
    """
    path = find_settings(path)
    settings = read_settings(path, ScanSettings, described_in="docs/simulation.md", changes=changes)
    if "plan" in given:
        given["spots"] = None
    beside = {
        name: str(path.parent / value)
        for name in ("phantom", "detector", "plan")
        if (value := getattr(settings, name)) and Path(value).suffix.lower() in (*FILES, ".csv")
    }
    return settings.model_copy(update=beside | given)
