"""The readers, and good files of each kind that mutations start from."""

import dataclasses
import io
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

LAYER_Z = np.array([225.2, 277.6, 333.4, 338.9, 344.4, 349.9])
ROOT = Path(__file__).resolve().parents[2]

Columns = dict[str, np.ndarray]
Write = Callable[[Columns, np.random.Generator, Path], None]


@dataclasses.dataclass(frozen=True)
class Reader:
    """What reads, and what it reads."""

    suffix: str
    read: Callable[[Path], object]
    seeds: Callable[[], list[bytes]]
    """Good files."""
    columns: Callable[[], Columns] | None = None
    """Columns that structured mutations start from."""
    write: Write | None = None
    """Writes odd columns; may fail."""
    beside: tuple[str, bytes] | None = None
    """Suffix and content of a good file of the same name."""


def hit_columns() -> Columns:
    """Four protons, one hit in each layer."""
    event, layer = np.repeat(np.arange(4), 6), np.tile(np.arange(6), 4)
    return {
        "posX": (3.0 * event + 0.01 * layer).astype("f4"),
        "posY": (2.0 - event).astype("f4"),
        "posZ": (LAYER_Z[layer] + 0.01).astype("f4"),
        "edep": np.full(24, 0.1, "f4"),
        "eventID": event.astype("i4"),
        "trackID": np.ones(24, "i4"),
        "parentID": np.zeros(24, "i4"),
        "level1ID": np.where(layer < 2, layer, 0).astype("i4"),
        "level2ID": np.where(layer < 2, -1, layer - 2).astype("i4"),
        "runID": np.zeros(24, "i4"),
        "pdg": np.full(24, 2212, "i4"),
    }


def primary_columns() -> Columns:
    """A table of primaries."""
    names = ("in_ekin", "out_ekin", "out_dx", "out_dy", "out_dz", "ekin_layer0")
    return {
        "eventID": np.arange(5, dtype="i4"),
        "fate": np.array([1, 2, 2, 3, 9], "i4"),
        **{name: np.linspace(0.5, 200, 5).astype("f4") for name in names},
    }


def voxel_columns() -> Columns:
    """A small phantom."""
    return {
        "labels": np.arange(24, dtype="u1").reshape(2, 3, 4) % 2,
        "spacing": np.array([1.0, 2.0, 3.0]),
        "origin": np.zeros(3),
        "materials": np.array(["air", "water"]),
    }


def structured(columns: Columns) -> np.ndarray:
    """Columns as fields."""
    first = next(iter(columns.values()))
    fields = [(name, values.dtype, values.shape[1:]) for name, values in columns.items()]
    array = np.zeros(len(first), dtype=fields)
    for name, values in columns.items():
        array[name] = values
    return array


def write_npz(columns: Columns, rng: np.random.Generator, path: Path) -> None:
    """As a structured array or as arrays, packed or not."""
    save = np.savez_compressed if rng.random() < 0.5 else np.savez
    if rng.random() < 0.5:
        save(path, **columns)
    else:
        save(path, arr_0=structured(columns), provenance=np.array(json.dumps({"a\n": [1]})))


def write_arrays(columns: Columns, rng: np.random.Generator, path: Path) -> None:
    """As arrays, packed or not."""
    (np.savez_compressed if rng.random() < 0.5 else np.savez)(path, **columns)


def write_npy(columns: Columns, _: np.random.Generator, path: Path) -> None:
    """As a structured array."""
    np.save(path, structured(columns), allow_pickle=True)


def _table(columns: Columns) -> pa.Table:
    arrays = [pa.array(list(v) if v.ndim > 1 else v) for v in columns.values()]
    return pa.table(arrays, names=list(columns))


def write_parquet(columns: Columns, rng: np.random.Generator, path: Path) -> None:
    """With any of the compressions and encodings."""
    arrow_parquet.write_table(
        _table(columns),
        path,
        compression=str(rng.choice(["none", "snappy", "zstd", "gzip"])),
        use_dictionary=bool(rng.random() < 0.5),
        row_group_size=int(rng.integers(1, 30)),
    )


def write_csv(columns: Columns, _: np.random.Generator, path: Path) -> None:
    """With commas."""
    arrow_csv.write_csv(_table(columns), path)


def write_root(columns: Columns, rng: np.random.Generator, path: Path) -> None:
    """As one or two trees, or as an RNTuple."""
    import uproot

    compression = uproot.ZLIB(1) if rng.random() < 0.3 else None
    with uproot.recreate(path, compression=compression) as file:
        if rng.random() < 0.3:
            file["Hits"] = columns
            return
        for name in ("Hits", "Hits_run1")[: rng.integers(1, 3)]:
            types = {key: (v.dtype, v.shape[1:]) for key, v in columns.items()}
            file.mktree(name, types).extend(columns)


def _written(write: Write, columns: Callable[[], Columns], suffix: str, count: int):
    def seeds() -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            found: list[bytes] = []
            for number in range(count):
                path = Path(folder) / f"{number}{suffix}"
                write(columns(), np.random.default_rng(number), path)
                found.append(path.read_bytes())
            return found

    return seeds


def _texts(*patterns: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        return [path.read_bytes() for p in patterns for path in sorted(ROOT.glob(p))]

    return seeds


def _read_hits(path: Path) -> object:
    from trackscape.formats import inspect_file

    text = inspect_file(path).render()
    assert all(line.isprintable() for line in text.split("\n")), "unprintable report"
    assert len(text) < 100_000, "endless report"
    return text


def _read_primaries(path: Path) -> object:
    from trackscape.comparison.measure import measure_truth, read_truth
    from trackscape.formats import inspect_file

    table = read_truth(path)
    return inspect_file(path).render(), list(measure_truth(table))


def _read_plan(path: Path) -> object:
    from trackscape.simulation import Beam
    from trackscape.simulation.setup.beam import read_plan

    return read_plan(path, Beam()).spot_of(10)


def _read_detector(path: Path) -> object:
    from trackscape.simulation import load_detector

    return load_detector(path).layer_z


def _read_settings(path: Path) -> object:
    from trackscape.training.config import TrainingConfig

    return TrainingConfig.load(path).digest


def _read_study(path: Path) -> object:
    from studies.estimators.config import StudyConfig

    return StudyConfig.load(path)


def _read_landscape(path: Path) -> object:
    from studies.loss_landscape.config import StudyConfig

    return StudyConfig.load(path)


def _read_phantom(path: Path) -> object:
    from trackscape.simulation import read_phantom

    return read_phantom(path).depth


def _read_weights(path: Path) -> object:
    from trackscape.scoring import load_network

    return load_network(path)


def _read_surface(path: Path) -> object:
    from trackscape.landscape import load_surface

    return load_surface(path).names


def _read_checkpoint(path: Path) -> object:
    from trackscape.training.process import WholeCheckpoints

    return WholeCheckpoints().load_checkpoint(path)


def _read_provenance(path: Path) -> object:
    from trackscape.training.config import TrainingConfig
    from trackscape.training.run_folder import check_origin

    run = next(ROOT.glob("docs/runs/trackscape-bf2a3dd8-s0"))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(run / "config.json", folder)
        shutil.copy(path, Path(folder) / "provenance.json")
        config = TrainingConfig.load(run / "config.json")
        now = json.loads((run / "provenance.json").read_text())
        return check_origin(Path(folder), config, now)


def _checkpoints() -> list[bytes]:
    import torch

    state = {"0": {"step": torch.tensor(1.0), "exp_avg": torch.ones(3)}}
    content = {
        "epoch": 1,
        "state_dict": {"weight": torch.ones(3)},
        "callbacks": {"KeepRun": {"best": 0.5, "rows": ["a"]}},
        "optimizer_states": [{"state": state, "param_groups": [{"lr": 0.1, "params": [0]}]}],
        "lr_schedulers": [{"last_epoch": 1}],
    }
    file = io.BytesIO()
    torch.save(content, file)
    return [file.getvalue()]


def _meta_images() -> list[bytes]:
    head = b"ObjectType = Image\nNDims = 3\nDimSize = 2 3 4\nElementSpacing = 1 2 3\n"
    head += b"TransformMatrix = 1 0 0 0 1 0 0 0 1\nBinaryDataByteOrderMSB = False\n"
    data = bytes([0, 1] * 12)
    tail = b"ElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    packed = head + b"CompressedData = True\n" + tail + zlib.compress(data)
    return [head + tail + data, packed, head + tail.replace(b"LOCAL", b"no.raw")]


def _surfaces() -> list[bytes]:
    import torch

    from trackscape.landscape import SampleGrid, Surface, save_surface

    points = SampleGrid(
        centre=torch.zeros(3, dtype=torch.float64),
        directions=torch.eye(2, 3, dtype=torch.float64),
        coordinates=torch.ones(6, 2, dtype=torch.float64),
        shape=(2, 3),
        axes=("a", "b"),
    )
    surface = Surface(
        points=points,
        names=("loss",),
        values=np.ones((6, 2, 1)),
        weights=np.full(2, 0.5),
        about={"seed": 1},
    )
    with tempfile.TemporaryDirectory() as folder:
        save_surface(surface, Path(folder) / "surface.npz")
        return [(Path(folder) / "surface.npz").read_bytes()]


def _read_tracks(path: Path) -> object:
    from trackscape.imaging import read_track_table

    return read_track_table(path)


def track_columns() -> Columns:
    """A table of four tracks."""
    from trackscape.imaging import TRACK

    columns = {name: np.ones(4, TRACK[name]) for name in TRACK.names or ()}
    return columns | {"spotX": np.linspace(-20, 20, 4).astype("f4")}


def write_rows(columns: Columns, rng: np.random.Generator, path: Path) -> None:
    """As a structured array with its provenance, packed or not."""
    about = np.array(json.dumps({"hits": "a", "angle": 0.5}))
    save = np.savez_compressed if rng.random() < 0.5 else np.savez
    save(path, arr_0=structured(columns), provenance=about)


def _of_image(path: Path) -> object:
    from trackscape.imaging import read_image

    return read_image(path)


def _images(suffix: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        from trackscape.imaging import Grid, write_image

        empty = Grid(size=6.0, voxel=2.0).empty()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"input{suffix}"
            write_image(empty.like(empty.value, empty.value + 1), path)
            return [path.read_bytes()]

    return seeds


def _read_pairs(path: Path) -> object:
    from trackscape.imaging import read_pairs

    pairs = read_pairs(path)
    return pairs.front, pairs.rear, pairs.wepl, pairs.track


_PAIR_HEADER = b"""ObjectType = Image
NDims = 2
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = False
TransformMatrix = 1 0 0 1
Offset = 0 0
CenterOfRotation = 0 0
ElementSpacing = 1 1
DimSize = 5 4
ElementNumberOfChannels = 3
ElementType = MET_FLOAT
ElementDataFile = """


def _pair_rows(*, energies: bool) -> bytes:
    rows = np.zeros((4, 5, 3), "<f4")
    rows[:, 0, 2], rows[:, 1, 2], rows[:, 2:4, 2] = -110, 110, 1
    rows[:, 4] = [230, 150, 1] if energies else [0, 120, 1]
    return rows.tobytes()


def _pairs() -> list[bytes]:
    local = [_PAIR_HEADER + b"LOCAL\n" + _pair_rows(energies=choice) for choice in (False, True)]
    return [*local, _PAIR_HEADER + b"input.raw\n"]


def _read_geometry(path: Path) -> object:
    from trackscape.imaging import read_geometry

    geometry = read_geometry(path)
    return [geometry.matrix(angle) for angle in geometry.angles]


def _geometries() -> list[bytes]:
    from trackscape.imaging import CircularGeometry, write_geometry

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "geometry.xml"
        found: list[bytes] = []
        for detector in (0.0, 6710.0):
            write_geometry(CircularGeometry(np.array([0.0, 2.0, 4.0]), 6600.0, detector), path)
            found.append(path.read_bytes())
        return found


def _read_calibration(path: Path) -> object:
    from trackscape.imaging import Ranges, read_calibration
    from trackscape.simulation import Beam, load_detector

    calibration = read_calibration(path)
    calibration.check(load_detector("bergen-auto"), Beam())
    return calibration.wepl(Ranges(*np.full((3, 2), 100.0)))


def _read_manifest(path: Path) -> object:
    from trackscape.simulation import read_scan

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, Path(folder) / "scan.json")
        for name in ("phantom.npz", "detector.yaml", "hits_000.npz", "primaries_000.npz"):
            (Path(folder) / name).touch()
        return read_scan(folder).spots


def _manifests() -> list[bytes]:
    digest = "0" * 64
    files = {"hits": "hits_000.npz", "primaries": "primaries_000.npz"}
    part = {"name": "a", "digest": digest}
    content = {
        "format": "trackscape scan",
        "version": 1,
        "trackscape": "0.1.0",
        "engine": "fast",
        "law": "geant4",
        "detector": part,
        "phantom": part,
        "beam": {"energy": 230.0, "energy_spread": 0.004, "units": "MeV, mm, rad"},
        "angles (degrees)": [0.0],
        "spots (mm, MeV)": {
            "x": [0.0, 7.0],
            "y": [0.0, 0.0],
            "weight": [1.0, 1.0],
            "energy": [230.0, 230.0],
        },
        "primaries": 100,
        "seed": 0,
        "files": [files | {f"{kind}_sha256": digest for kind in files}],
    }
    return [json.dumps(content, indent=2).encode()]


EVENT = {
    "hits": b"hit_id,x,y,z,volume_id,layer_id,module_id\n"
    + b"".join(b"%d,%d.5,1,%d.25,7,%d,1\n" % (n, n, 10 * n, 2 * n) for n in range(1, 9)),
    "cells": b"hit_id,ch0,ch1,value\n" + b"".join(b"%d,1,2,0.5\n" % n for n in range(1, 9)),
    "truth": b"hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight\n"
    + b"".join(b"%d,%d,0,0,0,0,0,1,0.125\n" % (n, n % 3) for n in range(1, 9)),
    "particles": b"particle_id,particle_type,vx,vy,vz,px,py,pz,q,nhits\n"
    + b"".join(b"%d,2212,0,0,0,0,0,1,1,3\n" % n for n in range(1, 3)),
}
SIMULATED = b"particle_id,geometry_id,tx,ty,tz,deltae,index\n" + b"".join(
    b"%d,%d,0.5,%d,%d,-0.0002,%d\n" % (n % 2 + 2**60, (200 << 56) + (n << 36), n, 9 * n, n)
    for n in range(8)
)


def _read_event(name: str, *, others: dict[str, bytes]) -> Callable[[Path], object]:
    """Reads a folder of an event with one damaged file, from its first row on and as a whole."""

    def read(path: Path) -> object:
        from trackscape.formats import stream_columns

        with tempfile.TemporaryDirectory() as folder:
            for other, content in others.items():
                (Path(folder) / f"event000000007-{other}.csv").write_bytes(content)
            shutil.copy(path, Path(folder) / f"event000000007-{name}.csv")
            with stream_columns(Path(folder)) as stream:
                list(stream.chunks)
            return _read_hits(Path(folder))

    return read


LABELS = b"labels: {0: air, 1: water}\n"
READERS = {
    "npz": Reader(
        ".npz", _read_hits, _written(write_npz, hit_columns, ".npz", 4), hit_columns, write_npz
    ),
    "npy": Reader(
        ".npy", _read_hits, _written(write_npy, hit_columns, ".npy", 1), hit_columns, write_npy
    ),
    "root": Reader(
        ".root", _read_hits, _written(write_root, hit_columns, ".root", 6), hit_columns, write_root
    ),
    "parquet": Reader(
        ".parquet",
        _read_hits,
        _written(write_parquet, hit_columns, ".parquet", 6),
        hit_columns,
        write_parquet,
    ),
    "csv": Reader(
        ".csv", _read_hits, _written(write_csv, hit_columns, ".csv", 1), hit_columns, write_csv
    ),
    "primaries": Reader(
        ".npz",
        _read_primaries,
        _written(write_npz, primary_columns, ".npz", 4),
        primary_columns,
        write_npz,
    ),
    "plan": Reader(
        ".csv", _read_plan, lambda: [b"spotX,spotY,weight,energy\n0,7,1,200\n7,0,2,1\n"]
    ),
    "detector": Reader(
        ".yaml", _read_detector, _texts("src/trackscape/simulation/detectors/*.yaml")
    ),
    "settings": Reader(
        ".yaml", _read_settings, _texts("configs/cpu/*.yaml", "configs/*/line*.yaml")
    ),
    "study": Reader(".yaml", _read_study, _texts("configs/study/*.yaml")),
    "landscape": Reader(".yaml", _read_landscape, _texts("configs/landscape/*.yaml")),
    "voxels": Reader(
        ".npz",
        _read_phantom,
        _written(write_arrays, voxel_columns, ".npz", 4),
        voxel_columns,
        write_arrays,
    ),
    "meta": Reader(".mha", _read_phantom, _meta_images, beside=(".yaml", LABELS)),
    "table": Reader(
        ".yaml",
        lambda path: _read_phantom(path.with_suffix(".mha")),
        lambda: [
            LABELS,
            b"hounsfield:\n  - {up_to: 0, material: air}\n  - {up_to: 40, material: water}\n",
        ],
        beside=(".mha", _meta_images()[0]),
    ),
    "weights": Reader(
        ".safetensors", _read_weights, _texts("src/trackscape/scoring/weights/trackscape*")
    ),
    "surface": Reader(".npz", _read_surface, _surfaces),
    "checkpoint": Reader(".ckpt", _read_checkpoint, _checkpoints),
    "provenance": Reader(
        ".json", _read_provenance, _texts("docs/runs/trackscape-bf2a3dd8-s0/provenance.json")
    ),
    "tracks": Reader(
        ".parquet",
        _read_tracks,
        _written(write_parquet, track_columns, ".parquet", 4),
        track_columns,
        write_parquet,
    ),
    "track-rows": Reader(
        ".npz",
        _read_tracks,
        _written(write_rows, track_columns, ".npz", 2),
        track_columns,
        write_rows,
    ),
    "image": Reader(".mhd", _of_image, _images(".mhd"), beside=(".raw", bytes(36))),
    "image-arrays": Reader(".npz", _of_image, _images(".npz")),
    "pairs": Reader(".mhd", _read_pairs, _pairs, beside=(".raw", _pair_rows(energies=False))),
    "geometry": Reader(".xml", _read_geometry, _geometries),
    "calibration": Reader(
        ".npz", _read_calibration, _texts("src/trackscape/imaging/calibrations/*.npz")
    ),
    "scan": Reader(".json", _read_manifest, _manifests),
    **{
        f"event-{name}": Reader(".csv", _read_event(name, others=EVENT), lambda text=text: [text])
        for name, text in EVENT.items()
    },
    "event-simulated": Reader(".csv", _read_event("hits", others={}), lambda: [SIMULATED]),
}
"""By name. `make fuzz` takes all of them."""
