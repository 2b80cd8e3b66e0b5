"""Words of the command line -> setup."""

from pathlib import Path

from trackscape.errors import ConfigError
from trackscape.simulation.beam import parse_beam, single_spot
from trackscape.simulation.detector import load_detector
from trackscape.simulation.phantom_files import parse_phantom
from trackscape.simulation.plan_files import read_plan
from trackscape.simulation.record import Setup


def make_setup(
    *,
    detector: str = "bergen-auto",
    phantom: str = "water:100",
    beam: str = "",
    plan: Path | None = None,
    angle: float = 0.0,
    law: str = "geant4",
) -> Setup:
    """Returns the setup that a few words describe.

    Arguments:
        detector: Shipped variant or YAML file, see `load_detector`.
        phantom: Such as "water:100" or a voxel file, see `parse_phantom`.
        beam: Such as "energy=200,spot=3", see `parse_beam`.
        plan: CSV file of spots; one spot on the axis by default.
        angle: Rotation of the phantom about the vertical axis in rad.
        law: "geant4" or "theory", see `Setup`.

    Raises:
        ConfigError: Something is impossible.
        FormatError: A file cannot be read.

    Example:
        >>> make_setup(phantom="water:150").phantom.depth
        (-75.0, 75.0)
    """
    if law not in ("geant4", "theory"):
        raise ConfigError(f"Expected one of the laws geant4 and theory, but got {law!r}.")
    pencil = parse_beam(beam)
    return Setup(
        detector=load_detector(detector),
        phantom=parse_phantom(phantom, angle=angle),
        beam=pencil,
        plan=single_spot(pencil) if plan is None else read_plan(plan, pencil),
        law=law,
    )
