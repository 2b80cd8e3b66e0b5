"""No reader ends with a traceback, hangs or fills the memory, whatever the file."""

import os
from pathlib import Path

import pytest

from fuzz.run import fuzz
from fuzz.seeds import READERS

COUNT = 400
FEWER = {"root": 80}
"""Readers that take more time for a file; `make fuzz` runs as many of them as of the others."""


@pytest.mark.slow
def test_odd_files_of_every_kind_are_read_or_refused_in_one_sentence(monkeypatch):
    root = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root / "src"), str(root / "tests")]))
    counts = {name: FEWER.get(name, COUNT) for name in READERS}
    problems = fuzz(counts)
    assert not problems, "\n".join(problems)
