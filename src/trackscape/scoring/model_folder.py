"""Weights and what is known of them -> a folder of a model, as hubs of models expect it."""

import csv
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trackscape
from trackscape.errors import WeightsError
from trackscape.files import MODEL_FILE, replacing, weights_file, write_json
from trackscape.scoring.pretrained import HEADER, METHODS, OWN, method_file, read_weights
from trackscape.text import shown

SHIPPED_LICENCE = "bsd-3-clause"
_ABOUT = {  # what networks are, by their name in weights files
    "line_graph": "The interaction network on the line graph of Kortus, Keidel, Gauger (TMLR "
    "2025, arXiv 2407.13420): it scores segments between hits of neighbouring layers.",
    "hit_graph": "The interaction network on the hit graph of Kortus, Keidel, Gauger (TMLR 2025, "
    "arXiv 2407.13420): it scores segments between hits of neighbouring layers.",
    "belief": "The model of whole tracks of trackscape: it gives segments between hits of "
    "neighbouring layers the probability that a proton left both.",
}


def save_pretrained(
    source: Path | str, folder: Path | str, *, licence: str | None = None
) -> dict[str, Any]:
    """Writes weights as a folder that `load_network` and `load_tracker` take.

    It holds ``model.safetensors``, the bytes of the weights; ``config.json``, network and sizes,
    what the header of the weights says, and, of a run folder, its settings, provenance and metrics;
    and ``README.md``, a model card of all this. The weights alone decide what is loaded.

    Arguments:
        source: Name of a shipped method; run folder of a training; or a file of weights.
        folder: Folder to write: a new one, an empty one, or one of a model, which is replaced.
        licence: Licence of the weights, such as cc-by-4.0; that of trackscape for shipped ones.
            Else the card says that none is stated.

    Returns:
        What was written to ``config.json``.

    Raises:
        WeightsError: There are no weights, they are damaged, or the folder holds something else.
        FormatError: The folder cannot be written.
    """
    source, folder = Path(source), Path(folder)
    if str(source) in METHODS:
        licence, weights, name = licence or SHIPPED_LICENCE, method_file(str(source)), str(source)
    else:
        weights = weights_file(source)
        name = source.resolve().name if source.is_dir() else source.stem
    header = read_weights(weights)[0]
    _check_ours(folder)
    config = _config(name, header, weights.parent if source.is_dir() else None)
    with replacing(folder / MODEL_FILE) as partial:
        shutil.copyfile(weights, partial)
    write_json(folder / "config.json", config)
    with replacing(folder / "README.md") as partial:
        partial.write_text(_card(config, folder.name, licence=licence), encoding="utf-8")
    return config


def _check_ours(folder: Path) -> None:
    """Refuses a folder whose README or settings of a training would be overwritten."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if _read_json(folder / "config.json").get("model_type") != HEADER:
        raise WeightsError(
            f"{folder}: expected a new folder or one of a model, but other files are there, which "
            "would be overwritten; name another folder."
        )


def _config(name: str, header: dict[str, Any], run: Path | None) -> dict[str, Any]:
    if not isinstance(header.get("sizes"), dict) or "network" not in header:
        raise WeightsError(
            f"{name}: expected weights whose header names a network and its sizes, got "
            f"{shown(header)}; use weights that `trackscape train` wrote."
        )
    training = {key: value for key, value in header.items() if key not in ("network", "sizes")}
    config: dict[str, Any] = {
        "model_type": HEADER,
        "trackscape_version": trackscape.__version__,
        "name": name,
        "network": header["network"],
        "sizes": header["sizes"],
        "training": training,
    }
    if run is None:
        return config
    copied = _read_json(run / "config.json")
    if copied.get("model_type") == HEADER:  # a folder of a model: what it says goes on
        return config | {k: copied[k] for k in ("settings", "provenance", "metrics") if k in copied}
    found = {
        "settings": copied,
        "provenance": _read_json(run / "provenance.json"),
        "metrics": _metrics(run / "metrics.csv", header.get("step")),
    }
    return config | {key: value for key, value in found.items() if value}


def _read_json(path: Path) -> dict[str, Any]:
    """Returns an object of a run folder, an empty one if it is not there."""
    try:
        content = json.loads(path.read_text("utf-8"))
        json.dumps(content, allow_nan=False)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path}: expected JSON that a training wrote, but it cannot be read "
            f"({shown(error)}); restore or remove it."
        ) from error
    return content if isinstance(content, dict) else {}


def _metrics(path: Path, step: object) -> dict[str, float]:
    """Returns the metrics of the step whose weights are kept; none if that is not known."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("step") == str(step)]
        values = {name: float(value) for row in rows[-1:] for name, value in row.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise WeightsError(
            f"{path}: expected the metrics that a training wrote, but they cannot be read "
            f"({shown(error)}); restore or remove the file."
        ) from error
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _card(config: Mapping[str, Any], folder: str, *, licence: str | None) -> str:
    name, kind = shown(config["name"]), config["network"]
    own = shown(config["training"].get("class")).replace(":", ".") if kind == OWN else None
    option = "" if own is None else f" --network {own}"
    what = _ABOUT.get(kind, f"A network of a class of its own, {own}.")
    stated = f"license: {shown(licence)}\n" if licence else ""
    sections = [
        f"---\nlibrary_name: trackscape\n{stated}tags:\n- particle-tracking\n- proton-ct\n---",
        f"# {name}",
        f"{what} It finds proton tracks in the layers of a calorimeter, with trackscape "
        f"{config['trackscape_version']} or later.",
        _table("Network", {"network": kind, **config["sizes"]}),
        "## Training",
        _training(config),
        _table("Metrics of these weights", config.get("metrics") or _header_metrics(config)),
        "## Licence",
        f"{shown(licence)}." if licence else "None is stated: ask whoever gave you this folder.",
        "## Use",
        f"```python\n{_example(shown(folder), own)}\n```",
        f"or `trackscape reconstruct FILE --weights {shown(folder)}{option}`. The weights are "
        "safetensors; nothing in this folder is code.",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _example(folder: str, own: str | None) -> str:
    """Lines that load the folder; `own` is the place of a class of its own."""
    if own is None:
        names, load = "from trackscape import load_tracker", f"load_tracker('./{folder}')"
    else:
        module, _, network = own.rpartition(".")
        names = "from trackscape import load_network, network_tracker"
        names += f"\n\nfrom {module} import {network}"
        load = f"network_tracker(load_network('./{folder}', network={network}))"
    return f"{names}\n\ntracks = {load}(hits)"


def _training(config: Mapping[str, Any]) -> str:
    about, provenance = config["training"], config.get("provenance") or {}
    rows: dict[str, Any] = {
        "run": about.get("run", "not known"),
        "step": about.get("step", "not known"),
        "detector": _detector(about.get("detector")),
        "seed": provenance.get("seed"),
        "trackscape": provenance.get("trackscape"),
        "commit": provenance.get("commit"),
    }
    inputs = provenance.get("inputs")
    files = inputs if isinstance(inputs, dict) else {}
    table = _table("Run", {name: value for name, value in rows.items() if value is not None})
    if not files:
        return f"{table}\n\nWhich files it was trained on is not noted in this folder."
    return f"{table}\n\n{_table('Trained and validated on', files)}"


def _detector(text: object) -> str | None:
    try:
        found = json.loads(str(text))
    except ValueError:
        return None
    return str(found["name"]) if isinstance(found, dict) and "name" in found else None


def _header_metrics(config: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in config["training"].items() if k.startswith("validation_")}


def _table(title: str, rows: Mapping[str, Any]) -> str:
    if not rows:
        return ""
    lines = [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows.items()]
    return "\n".join([f"| {title} | |", "|---|---|", *lines])


def _cell(value: object) -> str:
    return shown(value).replace("|", "\\|")
