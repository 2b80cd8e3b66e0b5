"""Fixtures that all tests share."""

from pathlib import Path

import pytest
import torch

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the full simulated files; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the full simulated data are not beside this checkout")
    return SHARED


@pytest.fixture
def rng() -> torch.Generator:
    """The only source of randomness in the tests."""
    return torch.Generator().manual_seed(20250101)
