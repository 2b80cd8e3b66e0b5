"""Flux emulators on arrays: layers by PyTorch, what stands before and behind in machine code."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch

from trackscape.compiled import Floats
from trackscape.emulation.fast_kernels import Routes, View, move_cells, see_cells
from trackscape.emulation.networks import NEAR_LIMIT, Emulator, FluxEmulator, PublishedEmulator
from trackscape.emulation.system import LAST_STEPS, System
from trackscape.emulation.windows import Step

CELLS_AT_ONCE = 1000
"""Cells that go through all layers before the next ones do: they stay in the cache."""


_Run = Callable[[Floats, Floats, Floats], None]
"""States, forcings -> states a step later, in the last argument."""


class _Layers(NamedTuple):
    """Weights in single precision, (in, out); means and scales of what is seen are a part."""

    first: torch.Tensor
    first_bias: torch.Tensor
    """The layer that leads to the blocks and, in the last columns, the direct map."""
    blocks: list[tuple[torch.Tensor, ...]]
    last: torch.Tensor


def array_step(emulator: Emulator) -> Step:
    """Returns a function of states and forcings, (cells, columns), that gives states a step later.

    Arrays are in double precision, networks run in single precision. Cells are shared out to as
    many threads as PyTorch uses. Later changes of the weights do not count. All that moves the
    matter of a flux emulator is in double precision: its mass is exact to 1e-12.
    """
    if isinstance(emulator, FluxEmulator):
        return _by_pieces(_flux_step(emulator))
    if isinstance(emulator, PublishedEmulator) and emulator.constraint == "none":
        return _by_pieces(_published_step(emulator))

    def run(state: Floats, forcing: Floats, after: Floats) -> None:
        given = (
            torch.from_numpy(each).to(next(emulator.parameters())) for each in (state, forcing)
        )
        after[:] = emulator(*given).numpy()

    return _by_pieces(run)


def _published_step(emulator: PublishedEmulator) -> _Run:
    """Means and scales become a part of the layers."""
    layers: list[Any] = [each for each in emulator.layers if isinstance(each, torch.nn.Linear)]
    weights, biases = (
        [getattr(each, name).detach().double() for each in layers] for name in ("weight", "bias")
    )
    weights[0] = weights[0] / emulator.scale.double()
    biases[0] = biases[0] - weights[0] @ emulator.mean.double()
    weights[-1] = emulator.change_scale.double()[:, None] * weights[-1]
    biases[-1] = emulator.change_scale.double() * biases[-1] + emulator.change_mean.double()
    maps = [(_single(w.T), _single(b)) for w, b in zip(weights, biases, strict=True)]

    def run(state: Floats, forcing: Floats, after: Floats) -> None:
        x = torch.from_numpy(np.concatenate([state, forcing], axis=1)).float()
        for number, (weight, bias) in enumerate(maps):
            x = torch.addmm(bias, x.relu_() if number else x, weight)
        np.add(state, x.numpy(), out=after)

    return run


def _flux_step(emulator: FluxEmulator) -> _Run:
    layers, view, routes = _layers(emulator), _view(emulator), _routes(emulator.system)
    name = emulator.system.last_step
    last_step = None if name is None else LAST_STEPS[name]
    hidden, logs = emulator.first.out_features, len(view.floor)
    n_outputs = emulator.fluxes.n_outputs

    def run(state: Floats, forcing: Floats, after: Floats) -> None:
        seen = torch.empty(len(state), len(layers.first))
        see_cells(state, forcing, view, seen.numpy())
        seen[:, :logs].log_()
        both = torch.addmm(layers.first_bias, seen, layers.first)
        x, logits = both[:, :hidden], both[:, hidden:]
        for weight, bias, weight2, bias2 in layers.blocks:
            inner = torch.addmm(bias, torch.nn.functional.silu(x), weight)
            x.add_(bias2).addmm_(torch.nn.functional.silu(inner, inplace=True), weight2)
        logits.addmm_(torch.nn.functional.silu(x), layers.last)
        logits[:, :n_outputs].clamp_(-60.0, 9.0).exp_()
        move_cells(state, forcing, logits.numpy(), routes, after)
        if last_step is not None:
            last_step(after, forcing)

    return run


def _by_pieces(run: _Run) -> Step:
    """Every thread takes the next piece, and none of PyTorch's own helps: all would wait."""

    def step(state: Floats, forcing: Floats) -> Floats:
        state, forcing = (np.ascontiguousarray(each, dtype=np.float64) for each in (state, forcing))
        after = np.empty_like(state)

        @torch.no_grad()
        def move(begin: int) -> None:
            piece = slice(begin, begin + CELLS_AT_ONCE)
            run(state[piece], forcing[piece], after[piece])

        begins = range(0, len(state), CELLS_AT_ONCE)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(max(min(threads, len(begins)), 1)) as pool:
                for _ in pool.map(move, begins):
                    pass
        finally:
            torch.set_num_threads(threads)
        return after

    return step


def _layers(emulator: FluxEmulator) -> _Layers:
    """Weights on what `see_cells` gives, worked out in double precision."""

    def double(value: Any) -> torch.Tensor:
        return value.detach().double()

    weight = torch.cat([double(emulator.first.weight), double(emulator.direct.weight)])
    bias = torch.cat([double(emulator.first.bias), double(emulator.last.bias)])
    weight = weight / double(emulator.scale)
    bias = bias - weight @ double(emulator.mean)
    blocks: list[tuple[torch.Tensor, ...]] = []
    for block in emulator.blocks:
        parts: Any = block
        pairs = [(layer.weight.T, layer.bias) for layer in (parts[0], parts[2])]
        blocks.append(tuple(_single(value) for pair in pairs for value in pair))
    return _Layers(_single(weight.T), _single(bias), blocks, _single(emulator.last.weight.T))


def _single(value: torch.Tensor) -> torch.Tensor:
    return value.detach().float().contiguous()


def _view(emulator: FluxEmulator) -> View:
    system = emulator.system
    places = [(k, i, w) for k, row in enumerate(system.sums) for i, w in enumerate(row) if w != 0]
    limits = system.limits
    return View(
        floor=emulator.floor.double().numpy(),
        sum_of=np.array([k for k, _, _ in places], dtype=np.int64),
        sum_column=np.array([i for _, i, _ in places], dtype=np.int64),
        sum_weight=np.array([w for _, _, w in places], dtype=np.float64),
        forcing_floor=emulator.forcing_floor.double().numpy(),
        logarithmic=emulator.get_buffer("logarithmic").numpy(),
        limit_sum=np.array([sum_ for sum_, _, _ in limits], dtype=np.int64),
        limit_column=np.array([column for _, column, _ in limits], dtype=np.int64),
        limit=emulator.get_buffer("limits").double().numpy(),
        near=np.array(NEAR_LIMIT),
    )


def _routes(system: System) -> Routes:
    source = np.full(len(system.state), -1)
    factor = np.zeros(len(system.state))
    for group, column in zip(system.groups, system.inlets, strict=True):
        if group.source is not None:
            source[column], factor[column] = group.source, group.factor
    ends = np.cumsum([len(stage) for stage in system.stages])
    adds = [(flux, output) for flux, own in enumerate(system.weights) for output in own]
    return Routes(
        donor=np.array([donor for donor, _ in system.fluxes], dtype=np.int64),
        receiver=np.array([receiver for _, receiver in system.fluxes], dtype=np.int64),
        added_to=np.array([flux for flux, _ in adds], dtype=np.int64),
        added=np.array([output for _, output in adds], dtype=np.int64),
        stage_end=ends.astype(np.int64),
        gives=np.array(
            [np.isin(range(len(system.state)), [d for d, _ in stage]) for stage in system.stages]
        ),
        birth_flux=np.array([flux for flux, _ in system.births], dtype=np.int64),
        birth_column=np.array([column for _, column in system.births], dtype=np.int64),
        source=source.astype(np.int64),
        factor=factor,
    )
