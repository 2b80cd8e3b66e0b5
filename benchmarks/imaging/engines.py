"""Every engine as a function from what is measured to an image, run in a process of its own.

``python -m benchmarks.imaging.engines NAME FOLDER OPTION OUTPUT RUNS`` writes image and costs.
Engines of others get the sinogram in the plane of the axis, with the paths that lead to it found by
us.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]
"""Image (x, z) in the frame of the object."""
SIZE = 181.0
"""Extent of the images in mm; an odd number of voxels of 1 mm, so that one is on the axis."""
MAGNET = 6600.0
SHAPE = (181, 181)
RADIUS = 75.0  # mm, of the phantom
HULL = RADIUS + 1.0  # one that is too narrow has to explain all WEPL inside
"""Of the outline in mm."""


class Sinogram(NamedTuple):
    """Axes: A angles, 181 places across of 1 mm."""

    wepl: npt.NDArray[np.float32]
    """Mean WEPL in mm of the protons in each place of the plane of the axis, (A, 181)."""
    angles: npt.NDArray[np.float64]
    """Rotation of the object in rad, (A,)."""


def read_sinogram(folder: Path) -> Sinogram:
    with np.load(folder / "sinogram.npz") as arrays:
        return Sinogram(arrays["wepl"], arrays["angles"])


def itk_rtk_fdk(folder: Path, _: float) -> Callable[[], Plane]:
    import itk

    rtk, kind = itk.RTK, itk.Image[itk.F, 3]
    wepl, angles = read_sinogram(folder)
    geometry = rtk.ThreeDCircularProjectionGeometry.New()
    for angle in angles:
        geometry.AddProjection(MAGNET, MAGNET, float(np.degrees(angle)))
    # Three equal rows, as it interpolates between rows.
    projections = itk.image_from_array(np.repeat(wepl[:, None], 3, axis=1))
    projections.SetSpacing([1.0, 20.0, 1.0])
    projections.SetOrigin([-90.0, -20.0, 0.0])

    def run() -> Plane:
        empty = rtk.ConstantImageSource[kind].New()
        empty.SetSize([181, 1, 181])
        empty.SetSpacing([1.0, 20.0, 1.0])
        empty.SetOrigin([-90.0, 0.0, -90.0])
        fdk = rtk.FDKConeBeamReconstructionFilter[kind].New()
        fdk.SetInput(0, empty.GetOutput())
        fdk.SetInput(1, projections)
        fdk.SetGeometry(geometry)
        fdk.Update()
        # (z, y, x), with z mirrored
        return itk.array_from_image(fdk.GetOutput())[::-1, 0].T.astype(np.float64)

    return run


def _astra(name: str, *, fan: bool) -> Callable[[Path, float], Callable[[], Plane]]:
    def prepare(folder: Path, iterations: float) -> Callable[[], Plane]:
        import astra

        wepl, angles = read_sinogram(folder)
        volume = astra.create_vol_geom(*SHAPE)
        if fan:
            shape = astra.create_proj_geom("fanflat", 1.0, 181, angles, MAGNET, 0.0)
        else:
            shape = astra.create_proj_geom("parallel", 1.0, 181, angles)
        projector = astra.create_projector("line_fanflat" if fan else "linear", shape, volume)

        def run() -> Plane:
            data = astra.data2d.create("-sino", shape, wepl)
            out = astra.data2d.create("-vol", volume, 0.0)
            config = astra.astra_dict(name)
            config |= {"ProjectorId": projector, "ProjectionDataId": data}
            config["ReconstructionDataId"] = out
            algorithm = astra.algorithm.create(config)
            astra.algorithm.run(algorithm, int(iterations))
            image = astra.data2d.get(out)[::-1].T.astype(np.float64)  # rows from the top
            astra.algorithm.delete(algorithm)
            astra.data2d.delete([data, out])
            return image

        return run

    return prepare


def scikit_fbp(folder: Path, _: float) -> Callable[[], Plane]:
    from skimage.transform import iradon

    wepl, angles = read_sinogram(folder)
    return lambda: (
        iradon(wepl.T.astype(np.float64), np.degrees(angles), filter_name="ramp", circle=True)[
            ::-1
        ].T
    )


def scikit_sart(folder: Path, rounds: float) -> Callable[[], Plane]:
    from skimage.transform import iradon_sart

    wepl, angles = read_sinogram(folder)

    def run() -> Plane:
        image = None
        for _ in range(int(rounds)):
            image = iradon_sart(wepl.T.astype(np.float64), np.degrees(angles), image)
        assert image is not None
        return image[::-1].T

    return run


def our_fbp(folder: Path, _: float) -> Callable[[], Plane]:
    """Distance-driven: another sinogram at each depth, from every proton."""
    from trackscape.imaging import Cylinder, Grid, make_image

    rows, angles, optics = _tracks(folder)

    def run() -> Plane:
        image = make_image(
            rows,
            angles,
            optics=optics,
            grid=Grid(size=SIZE),
            hull=Cylinder(HULL),
            groups=1,
        )
        return image.value[:, 0].astype(np.float64)

    return run


def our_plane_fbp(folder: Path, _: float) -> Callable[[], Plane]:
    """From the sinogram that the engines of others get."""
    from trackscape.imaging import Bins, Grid, Projection, back_project, filtered

    wepl, angles = read_sinogram(folder)
    bins = Bins(1, SHAPE[0], 2, 20.0, 1.0, 400.0)  # the same at both depths
    image = Grid(size=SIZE).empty()

    def run() -> Plane:
        total = np.zeros(image.value.shape)
        for row, angle in zip(wepl.astype(np.float64), angles, strict=True):
            values = np.repeat(row[None, :, None], 2, axis=2)
            values = filtered(Projection(angle, values, np.ones_like(values)), bins, MAGNET)
            back_project(values, angle, image, bins, MAGNET, total)
        return np.pi / len(angles) * total[:, 0]

    return run


def our_tv(folder: Path, strength: float) -> Callable[[], Plane]:
    """`make_image(method="tv")` with another strength, in units of 1/√N."""
    from trackscape.imaging import (
        Cylinder,
        Grid,
        PathIntegrals,
        PathModel,
        select_protons,
        split_protons,
        watched_fista_tv,
    )

    rows, angles, optics = _tracks(folder)
    first = our_fbp(folder, 0.0)

    def run() -> Plane:
        geometry, grid = PathModel.of(optics, Cylinder(HULL)), Grid(size=SIZE)
        every = [
            select_protons(rows(number), geometry, angle=float(np.radians(angle)))
            for number, angle in enumerate(angles)
        ]
        held, fit = (
            PathIntegrals(part, geometry, grid) for part in split_protons(every, one_in=10)
        )
        start = first()[:, None]
        best = watched_fista_tv(fit, held, start=start, strength=strength / np.sqrt(len(fit)))
        return best[:, 0]

    return run


def _tracks(folder: Path) -> tuple[Callable[[int], np.ndarray], list[float], Any]:
    from trackscape.imaging import optics_of, read_track_table, with_stopping
    from trackscape.simulation import read_scan

    scan = read_scan(Path((folder / "scan.txt").read_text(encoding="utf-8")))
    tables = [read_track_table(path)[0] for path in sorted((folder / "tracks").glob("*.parquet"))]
    return tables.__getitem__, scan.angles.tolist(), with_stopping(optics_of(scan), 1.12)


class Engine(NamedTuple):
    package: str
    what: str
    prepare: Callable[[Path, float], Callable[[], Plane]]
    options: tuple[float, ...] = (0.0,)
    """Iterations or strength that are tried on another scan; one if there is nothing to choose."""
    unit: str = ""


ENGINES = {
    "ours": Engine("trackscape", "filtered back-projection, a sinogram at each depth", our_fbp),
    "ours-plane": Engine("trackscape", "filtered back-projection, one sinogram", our_plane_fbp),
    "ours-tv": Engine(
        "trackscape",
        "least total variation, every proton along its path",
        our_tv,
        (0.01, 0.02, 0.03, 0.045, 0.07),
        "/√N",
    ),
    "itk-rtk": Engine("itk-rtk", "FDK", itk_rtk_fdk),
    "astra-fbp": Engine("astra-toolbox", "FBP, parallel", _astra("FBP", fan=False)),
    "astra-sirt": Engine(
        "astra-toolbox", "SIRT", _astra("SIRT", fan=True), (25, 50, 100, 200, 400), " iterations"
    ),
    "astra-cgls": Engine(
        "astra-toolbox", "CGLS", _astra("CGLS", fan=True), (2, 4, 6, 8, 12), " iterations"
    ),
    "scikit-fbp": Engine("scikit-image", "iradon, parallel", scikit_fbp),
    "scikit-sart": Engine(
        "scikit-image", "iradon_sart, parallel", scikit_sart, (1, 2, 3, 5, 8), " rounds"
    ),
}


def resident(key: str) -> float:
    """Memory of this process in MB: VmRSS now, VmHWM at its peak (Linux only)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split(f"{key}:")[1].split()[0]) / 1024


def main(name: str, folder: str, option: str, output: str, runs: str) -> None:
    """Runs an engine once to compile and load all, and then once to measure."""
    run = ENGINES[name].prepare(Path(folder), float(option))
    before = resident("VmRSS")
    for _ in range(int(runs)):
        start = time.process_time()
        image = run()
        seconds = time.process_time() - start
    np.savez(output, image=image, costs=[seconds, before, resident("VmHWM")])


if __name__ == "__main__":
    main(*sys.argv[1:])
