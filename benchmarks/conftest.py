"""Options of the benchmarks, and the stages and cases that follow from them."""

from pathlib import Path

import pytest

from benchmarks.cases import all_cases, find_files
from benchmarks.memory import keep_all_memory
from benchmarks.stages import FROM_HITS, all_work


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", type=Path, help="Folder with water_{100,150,200}_val.npz.")
    parser.addoption("--quick", action="store_true", help="Two frames, one round.")


@pytest.fixture(scope="session", autouse=True)
def kept_memory() -> None:
    keep_all_memory()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One benchmark for each stage, side and case, case after case, so that frames are made once.

    Behind the other phantoms only what starts from hits is measured.
    """
    cases = all_cases(find_files(metafunc.config.getoption("--data")))
    first = cases[0].thickness
    wanted = [
        pytest.param(case, stage, who, id=f"{case}-{stage}-{who}")
        for case in cases
        for stage, who in all_work()
        if case.thickness == first or stage in FROM_HITS
    ]
    metafunc.parametrize(("case", "stage", "who"), wanted)
