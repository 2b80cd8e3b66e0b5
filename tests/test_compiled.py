"""Machine code: where it is kept, that it is never stale, and that damage only costs time."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from trackscape import compiled as module

SOURCE = """
from trackscape.compiled import compiled

@compiled
def add(a, b):
    return a + b
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package beside a copy of the module that compiles, and a home."""
    home = tmp_path / "home"
    home.mkdir()
    installed = tmp_path / "installed" / "toy"
    installed.mkdir(parents=True)
    (installed / "sums.py").write_text(SOURCE)
    copy = installed.with_name("compiled.py")
    copy.write_bytes(Path(module.__file__).read_bytes())
    monkeypatch.setattr(module, "__file__", str(copy))
    monkeypatch.setattr(module.config, "CACHE_DIR", "")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    module.cache_folder.cache_clear()
    yield installed
    module.cache_folder.cache_clear()


def folder(name: str = "toy") -> Path | None:
    module.cache_folder.cache_clear()
    return module.cache_folder(name)


def load(package: Path) -> ModuleType:
    """Imports the toy as another process would."""
    module.cache_folder.cache_clear()
    spec = importlib.util.spec_from_file_location("trackscape.toy.sums", package / "sums.py")
    toy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(toy)
    return toy


def make_read_only(package: Path) -> None:
    (package / "__pycache__").write_text("in the way, also of root")


def test_machine_code_is_kept_in_the_package(package: Path):
    assert folder().parent == package / "__pycache__"


def test_a_read_only_package_keeps_machine_code_in_the_home_of_the_user(package: Path):
    make_read_only(package)
    assert folder().is_relative_to(Path(os.environ["HOME"]) / ".cache" / "trackscape")


def test_the_folder_for_caches_may_be_elsewhere(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_read_only(package)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert folder().is_relative_to(tmp_path / "caches" / "trackscape")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert folder().is_relative_to(Path(os.environ["HOME"]) / ".cache")


def test_without_a_package_or_a_home_to_write_to_each_process_compiles(
    package: Path, monkeypatch: pytest.MonkeyPatch
):
    make_read_only(package)
    monkeypatch.setenv("HOME", str(package / "sums.py"))
    assert folder() is None
    add = load(package).add
    assert add(1, 2) == 3
    assert add.stats.cache_path is None


def test_the_folder_that_numba_was_told_is_used_under_the_digest(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.config, "CACHE_DIR", str(tmp_path / "mine"))
    before = folder()
    assert before.is_relative_to(tmp_path / "mine")
    (package / "other.py").write_text("CHANGED = 1\n")
    assert folder() != before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_changed_source_never_runs_old_machine_code(package: Path, read_only: bool):
    if read_only:
        make_read_only(package)
    before = folder()
    (package / "other.py").write_text("CHANGED = 1\n")
    after = folder()
    assert after != before
    assert [before.exists(), after.exists()] == [False, True]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners")
def test_a_cache_of_another_user_is_not_trusted(package: Path, monkeypatch: pytest.MonkeyPatch):
    make_read_only(package)
    mine = folder()
    mine.chmod(0o777)
    assert folder() is None
    mine.chmod(0o755)
    assert folder() == mine
    monkeypatch.setattr(os, "geteuid", lambda: mine.stat().st_uid + 1)
    assert folder() is None


def test_the_next_process_loads_what_one_has_compiled(package: Path):
    assert load(package).add(1, 2) == 3
    again = load(package).add
    assert again(1, 2) == 3
    assert [sum(again.stats.cache_hits.values()), len(again.stats.cache_misses)] == [1, 0]


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:50], lambda data: b"\0" * 99]
)
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_damaged_cache_is_compiled_again_and_mended(
    package: Path, damage: Callable[[bytes], bytes], suffix: str
):
    assert load(package).add(1, 2) == 3
    (file,) = folder().glob(f"*.{suffix}")
    file.write_bytes(damage(file.read_bytes()))
    assert load(package).add(1, 2) == 3
    mended = load(package).add
    assert mended(1, 2) == 3
    assert sum(mended.stats.cache_hits.values()) == 1


def test_processes_that_compile_at_the_same_time_do_not_mix_their_code(package: Path):
    one, other = load(package).add, load(package).add
    assert one(1, 2) == 3
    assert other(0.5, 0.25) == 0.75
    third = load(package).add
    assert [third(1, 2), third(0.5, 0.25)] == [3, 0.75]
    assert sum(third.stats.cache_hits.values()) == 2


def test_a_cache_that_vanishes_or_cannot_be_written_costs_time_only(
    package: Path, monkeypatch: pytest.MonkeyPatch
):
    add = load(package).add

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.caching.IndexDataCacheFile, "save", no_room)
    assert add(1, 2) == 3
