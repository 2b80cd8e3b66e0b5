"""Files of settings that come with the package, by name."""

import difflib
from pathlib import Path

from trackscape.errors import ConfigError
from trackscape.text import shown

_FOLDER = Path(__file__).parents[1] / "configs"
_KINDS = ("cpu", "emulation", "paper", "scan", "tuning")
"""What verbs take; settings of studies stay in the repository."""


def shipped_settings() -> list[str]:
    """Returns the names of all files, such as ``cpu/trackscape``."""
    files = (path for kind in _KINDS for path in (_FOLDER / kind).glob("*.yaml"))
    return sorted(path.relative_to(_FOLDER).with_suffix("").as_posix() for path in files)


def find_settings(path: Path | str) -> Path:
    """Returns a file of settings: the one at a path, or else a shipped one of that name.

    ``cpu/trackscape``, ``cpu/trackscape.yaml`` and ``configs/cpu/trackscape.yaml`` are names of the
    same file, so that what the pages say works without a copy of the repository.

    Raises:
        ConfigError: There is neither.
    """
    path = Path(path)
    return path if path.exists() and not path.is_dir() else shipped_file(path)


def shipped_file(path: Path | str) -> Path:
    """Returns the file of shipped settings by one of the names in `find_settings`.

    Raises:
        ConfigError: There are none of this name.
    """
    name = Path(path).as_posix().removesuffix(".yaml").removeprefix("configs/")
    known = shipped_settings()
    if name in known:
        return _FOLDER / f"{name}.yaml"
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "`trackscape config list` has all names."
    raise ConfigError(
        f"{shown(path)}: expected a YAML file or the name of shipped settings, but there is "
        f"neither; {hint}"
    )
