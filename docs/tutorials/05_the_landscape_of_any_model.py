# %% [markdown]
# # The landscape of any model
# `trackscape.landscape` knows nothing of tracks. Here it looks at a small convolutional network
# that tells horizontal, vertical and diagonal stripes apart.

# %%
import dataclasses
import tempfile
from pathlib import Path

import torch
from torch import nn

from trackscape.landscape import (
    Problem,
    evaluate,
    exact_hessian,
    grid,
    random_directions,
    top_eigenpairs,
)
from trackscape.landscape.connectivity import align, evaluate_path, groups_of, path_summary
from trackscape.landscape.curvature import asymmetry, compare_scales, smoothed_hessian
from trackscape.landscape.output import draw_contour, load_surface, save_surface, write_surface_html

CLASSES = 3


def make_batch(size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy stripes (size, 1, 8, 8), and which kind they are."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(CLASSES, (size,), generator=generator)
    phase = 6 * torch.rand(size, 1, 1, generator=generator)
    row, column = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    across = torch.stack([row, column, (row + column) / 2])[label]
    noise = torch.randn(size, 8, 8, generator=generator)
    return (torch.sin(2 * across + phase) + noise)[:, None], label


def make_network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES)),
    )


def train(network: nn.Module, seed: int, steps: int = 150) -> None:
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for step in range(steps):
        images, labels = make_batch(64, seed=1000 * seed + step)
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimiser.step()


# %% [markdown]
# An objective returns losses of a batch. The first one must have a gradient if one is asked for;
# the others need none, so decisions can be counted, too.


# %%
def losses(network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
    images, labels = batch
    logit = network(images)
    wrong = logit.argmax(dim=1) != labels
    return {"loss": nn.functional.cross_entropy(logit, labels), "errors": wrong.double().mean()}


# %% [markdown]
# ## Ten lines
# Train a network, span a plane by two random directions that are as long as its filters, evaluate
# a grid, keep it, and draw it.

# %%
folder = Path(tempfile.mkdtemp())
network = make_network(seed=0)
train(network, seed=1)
batches = [make_batch(100, seed=-number - 1) for number in range(4)]
problem = Problem(network, batches, losses)
directions = random_directions(network, 2, seed=0)
points = grid(problem.centre, directions.vectors, steps=11, axes=directions.axes)
surface = evaluate(problem, points, progress=False)
save_surface(surface, folder / "surface.npz")
write_surface_html(surface, folder / "surface.html")
draw_contour(surface, "errors", folder / "errors.png")

middle = surface.mean()[5, 5], surface.mean("errors")[5, 5]
print(f"loss {middle[0]:.3f} +- {surface.standard_error()[5, 5]:.3f}, errors {middle[1]:.3f}")
print("written:", sorted(path.name for path in folder.iterdir()))

# %% [markdown]
# ## Curvature
# The eigenvectors of the largest eigenvalues of the Hessian, found from products with vectors.
# Each says in which direction the loss rises most, and how fast: here a few steps show it.

# %%
pairs = top_eigenpairs(exact_hessian(problem), 3)
print(f"{pairs.kind}: {pairs.values.tolist()} from {pairs.num_matvecs} products")
step = 1e-2
row = evaluate(problem, grid(problem.centre, pairs.vectors[:1], extent=step, steps=3))
below, here, above = row.mean()
print(f"curvature along the first: {(above - 2 * here + below) / step**2:.2f}")

# %% [markdown]
# Is it the Hessian of the loss? A matrix of second derivatives is symmetric, and agrees with
# differences of gradients over a distance. `asymmetry` and `compare_scales` tell, above all where a
# layer has a gradient of its own. Decisions such as the number of errors have none; smoothed over a
# distance they have a curvature, too, with a standard error.

# %%
hessian = exact_hessian(problem)
scale = compare_scales(problem, pairs.vectors[:1], [1e-2])[0]
print(f"asymmetry {asymmetry(hessian):.0e}, cosine with differences {scale.cosine.item():.3f}")


def errors(network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return losses(network, batch)["errors"]


smoothed = smoothed_hessian(dataclasses.replace(problem, objective=errors), sigma=0.3, samples=50)
first = pairs.vectors[0]
curve, error = first @ (smoothed @ first), smoothed.standard_error(first)
print(f"{smoothed.kind}: {curve:.2f} +- {error:.2f} along the first")

# %% [markdown]
# ## Two trainings
# On the straight line from one network to another, statistics of BatchNorm are taken anew at each
# point: those of one end are not those of the other. The order of hidden units means nothing, so
# that the second network can be permuted until it resembles the first one.

# %%
other = make_network(seed=2)
train(other, seed=3)
recomputed = dataclasses.replace(problem, norm="recomputed")
aligned = align(other, network, groups_of(network))


def barrier(end: nn.Module) -> float:
    line = evaluate_path(recomputed, [problem.centre, problem.space.read(end)], steps=11)
    return path_summary(line).barrier.value


before, after = barrier(other), barrier(aligned.model)
print(f"barrier {before:.3f}, {after:.3f} after alignment")
print(f"distance {aligned.distance_before:.1f}, {aligned.distance:.1f} after alignment")

# %% [markdown]
# ## Check
# The middle of the surface is the network as it was trained; the curvature is the eigenvalue; the
# aligned network computes the same as before, and is nearer.

# %%
network.eval()
with torch.no_grad():
    expected = torch.stack([losses(network, batch)["loss"] for batch in batches]).mean().item()
    images, _ = batches[0]
    same = torch.allclose(other.eval()(images), aligned.model.eval()(images), atol=1e-4)
assert abs(middle[0] - expected) < 1e-6
assert middle[1] < 0.1
assert (load_surface(folder / "surface.npz").values == surface.values).all()
assert abs((above - 2 * here + below) / step**2 / pairs.values[0].item() - 1) < 0.1
assert scale.cosine > 0.9
assert same
assert aligned.distance < aligned.distance_before
assert after < before
