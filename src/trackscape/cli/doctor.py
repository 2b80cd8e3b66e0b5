"""`trackscape doctor`: what a report of a problem should say about the installation."""

import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import trackscape
from trackscape.cli.output import Json, publish

_COLLECTIONS = ("all", "dev", "docs")  # not for users, or other extras together


def doctor_verb(json: Json = None) -> None:
    """Say which versions, cores, threads, GPU and extras there are."""
    found = describe_installation()
    publish(found, json, lambda: _print(found))


def _print(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if not isinstance(value, dict):
            print(f"{name:12}{value}")
    for name, version in found["packages"].items():
        print(f"{name:20}{version or 'missing'}")
    for extra, packages in found["extras"].items():
        for name, version in packages.items():
            print(f"[{extra}]".ljust(14), f"{name} {version or 'is not installed'}")


def describe_installation() -> dict[str, Any]:
    """Returns what `doctor` says, as JSON can hold it; nothing of it names the user.

    What cannot be found out says why, so that a broken installation is described as well.
    """
    packages, extras = _requirements()
    facts: dict[str, Callable[[], object]] = {
        "python": lambda: f"{platform.python_version()} {platform.python_implementation()}",
        "system": lambda: " ".join([platform.system(), platform.machine(), *platform.libc_ver()]),
        "cores": _cores,
        "memory": _memory,
        "threads": _threads,
        "gpu": _gpu,
        "compiled": _place_of_compiled_code,
        "text": lambda: f"{sys.stdout.encoding}, {'a' if sys.stdout.isatty() else 'no'} terminal",
    }
    return {
        "trackscape": trackscape.__version__,
        **{name: _found_out(fact) for name, fact in facts.items()},
        "packages": packages,
        "extras": extras,
    }


def _found_out(fact: Callable[[], object]) -> object:
    try:
        return fact()
    except Exception as error:  # of whatever kind a broken package raises when it is imported
        return f"unknown ({type(error).__name__}: {' '.join(str(error).split())[:200]})"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # those that this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{total / 1e9:.0f} GB"


def _threads() -> str:
    threads = os.environ.get("OMP_NUM_THREADS")
    return f"OMP_NUM_THREADS={threads}" if threads else "1, as OMP_NUM_THREADS is not set"


def _gpu() -> str:
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        return "none: this PyTorch is the one for CPUs alone"
    if not torch.cuda.is_available():
        return f"none that PyTorch {torch.__version__} can use"
    each = (torch.cuda.get_device_properties(n) for n in range(torch.cuda.device_count()))
    return ", ".join(f"{one.name} ({one.total_memory / 1e9:.0f} GB)" for one in each)


def _requirements() -> tuple[dict[str, str | None], dict[str, dict[str, str | None]]]:
    """Versions of the packages that are needed, and of those of each extra; None: not there."""
    packages: dict[str, str | None] = {}
    extras: dict[str, dict[str, str | None]] = {}
    for line in _required():
        name = re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        own = packages if extra is None else extras.setdefault(extra[1], {})
        try:
            own[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            own[name] = None
    return packages, {name: each for name, each in extras.items() if name not in _COLLECTIONS}


def _required() -> Iterator[str]:
    try:
        yield from metadata.requires("trackscape") or []
    except metadata.PackageNotFoundError:  # the source was put into the path by hand
        return


def _place_of_compiled_code() -> str:
    from trackscape.compiled import cache_folder

    folder = cache_folder("scoring")
    if folder is None:
        return "not kept, as no folder for it can be written to: each call compiles again"
    if folder.is_relative_to(Path(trackscape.__file__).parent):
        return "kept beside the package"
    named = os.environ.get("NUMBA_CACHE_DIR")
    return "kept where NUMBA_CACHE_DIR says" if named else "kept in the cache of the user"
