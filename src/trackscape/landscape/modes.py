"""Modes of PyTorch that a caller may be in, and that landscapes have nothing to do with."""

import contextlib
from collections.abc import Generator

import torch
from torch.nn.utils import parametrize

from trackscape.errors import LandscapeError

_AUTOCAST = ("cpu", "cuda", "mps", "xpu")


@contextlib.contextmanager
def usual_modes() -> Generator[None, None, None]:
    """Leaves autocast, inference mode and no_grad meanwhile; also a decorator.

    Under autocast, PyTorch keeps the rounded copy of each weight until the outermost block ends,
    whatever happens to the weight, and so does ``parametrize.cached``: a landscape in such a block
    would be flat. An objective that wants autocast enters it itself, at every point anew. Other
    processes are in none of these modes, so that their numbers would be others, too.

    Raises:
        LandscapeError: A gradient is taken of tensors that belong to the inference mode.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.enable_grad())
        for kind in _AUTOCAST:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        torch.clear_autocast_cache()
        parametrize._cache.clear()  # pyright: ignore[reportPrivateUsage]
        try:
            yield
        except RuntimeError as error:
            if not str(error).startswith("Inference tensors"):
                raise
            raise LandscapeError(
                "Expected batches that gradients can be taken with, but some were made under "
                "torch.inference_mode; make them outside of it, or clone them there."
            ) from error


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Generator[None, None, None]:
    """Seeds the processor and the device of a model, and restores the state of the caller."""
    on_device = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_device else []):
        # torch.manual_seed also seeds, or remembers to seed, devices that nobody uses: 0.1 ms.
        torch.default_generator.manual_seed(seed)
        if on_device:
            torch.cuda.manual_seed(seed)
        yield
