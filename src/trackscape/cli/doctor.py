"""`trackscape doctor`: what a report of a problem should say about the installation."""

import json
import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

import trackscape


def doctor_verb(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which versions, cores, threads, GPU and extras there are."""
    found = describe_installation()
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name in ("trackscape", "python", "system", "cores", "memory", "threads", "gpu", "compiled"):
        print(f"{name:12}{found[name]}")
    for name, version in found["packages"].items():
        print(f"{name:20}{version or 'missing'}")
    for extra, packages in found["extras"].items():
        for name, version in packages.items():
            print(f"[{extra}]".ljust(14), f"{name} {version or 'is not installed'}")


def describe_installation() -> dict[str, Any]:
    """Returns what `doctor` says, as JSON can hold it; nothing of it names the user."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    threads = os.environ.get("OMP_NUM_THREADS")
    packages, extras = _requirements()
    return {
        "trackscape": trackscape.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{memory / 1e9:.0f} GB",
        "threads": f"OMP_NUM_THREADS={threads}" if threads else "1, as OMP_NUM_THREADS is not set",
        "gpu": gpu,
        "compiled": _place_of_compiled_code(),
        "packages": packages,
        "extras": extras,
    }


def _requirements() -> tuple[dict[str, str | None], dict[str, dict[str, str | None]]]:
    """Versions of the packages that are needed, and of those of each extra."""
    packages: dict[str, str | None] = {}
    extras: dict[str, dict[str, str | None]] = {}
    for line in metadata.requires("trackscape") or []:
        name = re.split(r"[<>=\[; ]", line, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"](\w+)['\"]", line)
        own = packages if extra is None else extras.setdefault(extra[1], {})
        try:
            own[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            own[name] = None
    return packages, {name: each for name, each in extras.items() if name != "dev"}


def _place_of_compiled_code() -> str:
    from trackscape.compiled import cache_folder

    folder = cache_folder("scoring")
    if folder is None:
        return "not kept, as no folder for it can be written to: each call compiles again"
    if folder.is_relative_to(Path(trackscape.__file__).parent):
        return "kept beside the package"
    named = os.environ.get("NUMBA_CACHE_DIR")
    return "kept where NUMBA_CACHE_DIR says" if named else "kept in the cache of the user"
