"""A YAML file or the name of a shipped variant -> the stack of slabs that protons cross."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated

import numpy as np
import pydantic
from jaxtyping import Float, Integer

from trackscape.errors import ConfigError
from trackscape.formats import Positive, Strict, read_settings
from trackscape.simulation.setup.materials import (
    Material,
    MaterialSettings,
    choose_material,
    shipped_materials,
)
from trackscape.simulation.setup.pixels import PixelGrid, PixelSettings
from trackscape.text import listed, shown

_VARIANTS = Path(str(resources.files("trackscape.simulation") / "detectors"))
_MAX_SLABS = 100_000
_ROUNDING = 1e-9  # mm; sums of slabs that fill a pitch differ from it by less


@dataclasses.dataclass(frozen=True)
class Slab:
    """A plate across the beam, as wide and high as the detector."""

    material: Material
    """Material that fills it."""
    thickness: float
    """Thickness along the beam in mm."""
    sensitive: bool = False
    """Whether the energy that is deposited in it is recorded."""
    module: str = ""
    """Name and number of the module that it belongs to, such as ``calorimeter 7``."""


@dataclasses.dataclass(frozen=True)
class Detector:
    """A stack of slabs without gaps, in air. The beam goes along z; the isocentre is at z = 0."""

    name: str
    """Name of the variant, as hit files record it."""
    source: str
    """Publication or file that the numbers come from."""
    width: float
    """Full extent in x in mm, centred on the beam axis."""
    height: float
    """Full extent in y in mm."""
    front: float
    """Position of the entrance of the first slab: z in mm."""
    slabs: tuple[Slab, ...]
    """Slabs in the order of the beam; air fills what the modules leave free."""
    air: Material
    """Gas around the detector and the phantom."""
    pixels: PixelGrid | None = None
    """Where the pixels of a layer are, if that is known."""

    @property
    def edges(self) -> Float[np.ndarray, " slabs+1"]:
        """Borders of the slabs: z in mm."""
        return self.front + np.cumsum([0.0, *(slab.thickness for slab in self.slabs)])

    @property
    def layer_of_slab(self) -> Integer[np.ndarray, " slabs"]:
        """Number of the detector layer of each slab; -1 where it is not sensitive."""
        sensitive = np.array([slab.sensitive for slab in self.slabs])
        return np.where(sensitive, np.cumsum(sensitive) - 1, -1)

    @property
    def layer_z(self) -> Float[np.ndarray, " layers"]:
        """Middle of each sensitive slab: z in mm."""
        edges = self.edges
        return (0.5 * (edges[:-1] + edges[1:]))[self.layer_of_slab >= 0]

    @property
    def sensitive_thickness(self) -> float:
        """Thickness of the sensitive slabs in mm; the median if they differ."""
        return float(np.median([slab.thickness for slab in self.slabs if slab.sensitive]))

    @property
    def modules(self) -> dict[str, slice]:
        """Name of each module -> which of the slabs are its own, in the order of the beam."""
        modules: dict[str, slice] = {}
        start = 0
        for name, slabs in itertools.groupby(self.slabs, key=lambda slab: slab.module):
            modules[name] = slice(start, start + len(list(slabs)))
            start = modules[name].stop
        return modules


class _SlabSettings(Strict):
    material: str
    thickness: Positive
    sensitive: bool = False


class _ModuleSettings(Strict):
    name: str
    repeat: Annotated[int, pydantic.Field(ge=1, le=1000)]
    pitch: Positive
    slabs: Annotated[list[_SlabSettings], pydantic.Field(min_length=1, max_length=1000)]

    @pydantic.model_validator(mode="after")
    def _is_possible(self) -> "_ModuleSettings":
        if self.thickness > self.pitch + _ROUNDING:
            raise ValueError(
                f"the slabs of the module {shown(self.name)} are {self.thickness:.6g} mm thick "
                f"together and overlap at a pitch of {self.pitch:.6g} mm; make them thinner or the "
                "pitch longer"
            )
        sensitive = sum(slab.sensitive for slab in self.slabs)
        if sensitive > 1:
            raise ValueError(
                f"expected one sensitive slab at most in the module {shown(self.name)}, got "
                f"{sensitive}; make a module of each"
            )
        return self

    @property
    def thickness(self) -> float:
        return sum(slab.thickness for slab in self.slabs)


class _DetectorSettings(Strict):
    name: str
    source: str
    width: Positive
    height: Positive
    front: float
    air: str
    pixels: PixelSettings | None = None
    materials: dict[str, MaterialSettings] = pydantic.Field(default_factory=dict)
    modules: Annotated[list[_ModuleSettings], pydantic.Field(min_length=1, max_length=1000)]

    @pydantic.model_validator(mode="after")
    def _is_possible(self) -> "_DetectorSettings":
        names = [module.name for module in self.modules]
        if len(set(names)) < len(names):
            raise ValueError(
                f"expected modules of different names, got {listed(names)}; rename some"
            )
        slabs = sum(module.repeat * len(module.slabs) for module in self.modules)
        if slabs > _MAX_SLABS:
            raise ValueError(f"expected at most {_MAX_SLABS:,} slabs, got {slabs:,}; merge some")
        if not any(slab.sensitive for module in self.modules for slab in module.slabs):
            raise ValueError(
                "expected a sensitive slab, but no slab is; add `sensitive: true` to one"
            )
        if self.pixels is not None:
            self.pixels.grid(width=self.width, height=self.height)  # raises where they do not fit
        return self


def shipped_detectors() -> list[str]:
    """Returns the names of the variants that come with the library."""
    return sorted(path.stem for path in _VARIANTS.glob("*.yaml"))


def detector_file(name_or_path: str | Path) -> Path:
    """Returns the YAML file of a detector, as `load_detector` finds it.

    Raises:
        ConfigError: There is no such variant, and the name is not that of a file.
    """
    path = Path(name_or_path)
    if str(name_or_path) in shipped_detectors():
        path = _VARIANTS / f"{name_or_path}.yaml"
    elif not path.suffix:
        raise ConfigError(
            f"{name_or_path}: expected one of the detectors {', '.join(shipped_detectors())} or a "
            "YAML file; choose one of these or check the path."
        )
    return path


def load_detector(name_or_path: str | Path) -> Detector:
    """Reads a shipped variant of a name, or a YAML file that describes a detector.

    Raises:
        ConfigError: There is no such variant or file, or it describes no possible detector.

    Example:
        >>> detector = load_detector("bergen-auto")
        >>> len(detector.layer_z), f"{detector.layer_z[0]:.4f} mm"
        (43, '225.2315 mm')
    """
    path = detector_file(name_or_path)
    settings = read_settings(path, _DetectorSettings, described_in="docs/detectors.md")
    try:
        return _build(settings)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _build(settings: _DetectorSettings) -> Detector:
    own = {name: material.material(name) for name, material in settings.materials.items()}
    materials = {**shipped_materials(), **own}
    air = choose_material(settings.air, materials)
    slabs = (
        slab
        for module in settings.modules
        for number in range(module.repeat)
        for slab in _slabs(module, number=number, materials=materials, air=air)
    )
    same = settings.model_dump(include={"name", "source", "width", "height", "front"})
    pixels = settings.pixels and settings.pixels.grid(width=settings.width, height=settings.height)
    return Detector(**same, slabs=tuple(slabs), air=air, pixels=pixels)


def _slabs(
    module: _ModuleSettings, *, number: int, materials: Mapping[str, Material], air: Material
) -> Iterator[Slab]:
    name = f"{module.name} {number}" if module.repeat > 1 else module.name
    for slab in module.slabs:
        material = choose_material(slab.material, materials)
        yield Slab(material, slab.thickness, slab.sensitive, name)
    gap = module.pitch - module.thickness
    if gap > _ROUNDING:
        yield Slab(air, gap, module=name)
