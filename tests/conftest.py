"""Fixtures that all tests share."""

import contextlib
import resource
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest
import torch

from trackscape.data import Hits, Truth
from trackscape.scoring import LineGraphNetwork, save_network

hypothesis.settings.register_profile("trackscape", deadline=None, derandomize=True)
hypothesis.settings.load_profile("trackscape")

collect_ignore = ["browser"]  # has its own environment and target: make test-browser

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


def make_straight_tracks(
    n_tracks: int, *, n_layers: int = 8, first_layer: int = 0, spacing: float = 10.0
) -> Hits:
    """Protons side by side, `spacing` mm apart, that lean a little and stop in the last layer."""
    track = torch.arange(n_tracks).repeat(n_layers)
    layer = torch.arange(first_layer, first_layer + n_layers).repeat_interleave(n_tracks)
    depth = layer_depth(layer)
    lean = 0.01 * (track % 3 - 1) * (depth - layer_depth(torch.tensor(first_layer)))
    position = torch.stack([spacing * track + lean, 2.0 * (track % 5), depth], dim=1)
    energy = torch.where(layer == layer[-1:], 0.1, 0.03) if len(layer) else torch.zeros(0)
    truth = Truth(event=track, track=torch.ones_like(track), parent=torch.zeros_like(track))
    return Hits(position=position, energy=energy, layer=layer, truth=truth)


def make_random_hits(
    seed: int, *, n_hits: int, n_layers: int = 6, first_layer: int = 0, width: float = 20.0
) -> Hits:
    """Hits anywhere in the first layers, in no order; every event leaves some of them."""
    generator = torch.Generator().manual_seed(seed)

    def integers(stop: int) -> torch.Tensor:
        return torch.randint(stop, (n_hits,), generator=generator)

    layer = first_layer + integers(n_layers)
    sideways = width * (torch.rand(n_hits, 2, generator=generator) - 0.5)
    position = torch.cat([sideways, layer_depth(layer)[:, None]], dim=1)
    track = 1 + integers(2)
    truth = Truth(event=integers(1 + n_hits // 4), track=track, parent=track - 1)
    energy = 0.01 + 0.1 * torch.rand(n_hits, generator=generator)
    return Hits(position=position, energy=energy, layer=layer, truth=truth)


def layer_depth(layer: torch.Tensor) -> torch.Tensor:
    """Depth in mm of the layers of the detector: two trackers and a calorimeter."""
    trackers = torch.tensor([225.2, 277.6])
    return torch.where(layer < 2, trackers[layer.clamp(max=1)], 333.4 + 5.5 * (layer - 2))


# The fixtures hand out the functions, so that tests with `@given` can call them many times.


@pytest.fixture(scope="session")
def straight_tracks() -> Callable[..., Hits]:
    return make_straight_tracks


@pytest.fixture(scope="session")
def random_hits() -> Callable[..., Hits]:
    return make_random_hits


@pytest.fixture(scope="session")
def full_disk() -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """Files cannot grow beyond so many bytes, as on a disk that runs full."""

    @contextlib.contextmanager
    def limit(room: int) -> Generator[None, None, None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> list[Path]:
    """Three small networks near to each other, as files: stages of a training."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(5)
    network = LineGraphNetwork(hidden=4, encoding=8)
    paths = [folder / f"stage-{number}.safetensors" for number in range(3)]
    for path in paths:
        save_network(network, path, about={})
        with torch.no_grad():
            for value in network.parameters():
                value += 0.1 * torch.randn(value.shape)
    return paths
