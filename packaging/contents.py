"""What is in a source distribution and a wheel: python packaging/contents.py FILE.tar.gz FILE.whl.

The source distribution holds what is in the repository; the wheel holds the package as the source
distribution has it, and nothing else.
"""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
LEFT_OUT = {".ci/run", ".gitignore", "src/trackscape/configs"}
"""Files of the repository that only serve there; the last is a link, files take its place."""
MADE = ("PKG-INFO", "setup.cfg", "src/trackscape.egg-info/", "src/trackscape/configs/")
"""Beginnings of names that the build adds."""
NEEDED = (
    *("__init__.py", "__main__.py", "py.typed", "cli/main.py"),
    *("configs/cpu/trackscape.yaml", "configs/paper/line-graph-pat-25.yaml"),
    *("configs/scan/ctp404.yaml", "configs/tuning/kalman.yaml", "configs/emulation/fluxes.yaml"),
    *("samples/water_150_train.npz", "samples/water_150_val.npz", "samples/demo.yaml"),
    *("scoring/weights/trackscape.safetensors", "emulation/trained/m7.safetensors"),
    *("simulation/detectors/bergen-auto.yaml", "simulation/tables/reactions.npz"),
    *("imaging/calibrations/bergen-auto.npz", "pages/assets/page.html", "display/assets/frame.js"),
)
"""Files of the package without which a wheel is not worth its name."""
JUNK = ("__pycache__", ".pyc", ".DS_Store", ".ipynb_checkpoints", ".part")


def names_of_sdist(path: Path) -> set[str]:
    """Returns the names of the files, without the folder around them."""
    with tarfile.open(path) as archive:
        return {each.name.split("/", 1)[1] for each in archive if each.isfile()}


def names_of_wheel(path: Path) -> set[str]:
    """Returns the names of the files."""
    with zipfile.ZipFile(path) as archive:
        return {each.filename for each in archive.infolist() if not each.is_dir()}


def files_of_repository(*kinds: str) -> set[str] | None:
    """Returns what git lists, ``--cached`` or ``--others``; None if this is no checkout."""
    if not (ROOT / ".git").exists():
        return None
    command = ["git", "ls-files", "-z", "--exclude-standard", *kinds]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in found.split("\0") if name and (ROOT / name).exists()}


def problems(sdist: set[str], wheel: set[str]) -> Iterator[str]:
    """Yields a sentence for each thing that is amiss with the files of both."""
    tracked, new = files_of_repository("--cached"), files_of_repository("--others")
    if tracked is not None and new is not None:
        yield from (f"sdist lacks {name}" for name in sorted(tracked - LEFT_OUT - sdist))
        added = {name for name in sdist - tracked - new if not name.startswith(MADE)}
        yield from (f"sdist has {name}, which is not in the repository" for name in sorted(added))
    source = {name.removeprefix("src/") for name in sdist if name.startswith("src/trackscape/")}
    package = {name for name in wheel if not PurePosixPath(name).parts[0].endswith(".dist-info")}
    yield from (f"wheel lacks {name}" for name in sorted(source - package))
    yield from (f"wheel has {name}, which is not of the package" for name in package - source)
    yield from (f"wheel lacks {name}" for name in NEEDED if f"trackscape/{name}" not in wheel)
    for name in sorted(sdist | wheel):
        if any(mark in name for mark in JUNK):
            yield f"{name} is junk"


def main(sdist: str, wheel: str) -> None:
    """Prints what is amiss, and ends with status 1 if anything is."""
    held, packed = names_of_sdist(Path(sdist)), names_of_wheel(Path(wheel))
    found = list(problems(held, packed))
    good = f"{len(held)} files in the sdist and {len(packed)} in the wheel, as it should be"
    print("\n".join(found) or good)
    sys.exit(bool(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
