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
}
"""By name. `make fuzz` takes all of them."""
