# %% [markdown]
# # The landscape of a JAX model
# A landscape needs a function of a flat vector, and nothing of PyTorch. Here JAX gives the loss,
# its gradient and products with its Hessian; the model tells the two arms of a spiral apart. It
# needs `pip install jax`.

# %%
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.flatten_util import ravel_pytree

from trackscape.landscape import (
    Problem,
    curvature_along_trajectory,
    draw_contour,
    evaluate,
    exact_hessian,
    grid,
    project,
    save_surface,
    top_eigenpairs,
    trajectory_directions,
)
from trackscape.landscape.output import load_trajectory

jax.config.update("jax_enable_x64", True)
HIDDEN = 12


def make_data(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (size, 2) on two arms of a spiral, and which arm each is on; one label in ten lies."""
    random = np.random.default_rng(seed)
    arm = random.integers(2, size=size)
    turn = 3.5 * np.sqrt(random.random(size))
    angle = turn + np.pi * arm
    points = 0.3 * turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    arm = np.where(random.random(size) < 0.1, 1 - arm, arm)
    return points + 0.03 * random.normal(size=points.shape), arm.astype(float)


def init(seed: int) -> dict[str, jax.Array]:
    keys = jax.random.split(jax.random.key(seed), 3)
    sizes = {"first": (2, HIDDEN), "second": (HIDDEN, HIDDEN), "last": (HIDDEN, 1)}
    weights = {}
    for key, (name, shape) in zip(keys, sizes.items(), strict=True):
        weights[f"{name}.kernel"] = jax.random.normal(key, shape) / shape[0] ** 0.5
        weights[f"{name}.bias"] = jnp.zeros(shape[1])
    return weights


def loss(weights: dict[str, jax.Array], points: jax.Array, arm: jax.Array) -> jax.Array:
    value = jnp.tanh(points @ weights["first.kernel"] + weights["first.bias"])
    value = jnp.tanh(value @ weights["second.kernel"] + weights["second.bias"])
    logit = (value @ weights["last.kernel"] + weights["last.bias"])[:, 0]
    return jnp.mean(jnp.logaddexp(0, logit) - arm * logit)


# %% [markdown]
# ## Training
# Gradient descent with momentum, on a flat vector: `ravel_pytree` makes one of any tree of arrays.
# Checkpoints are kept on the way.

# %%
weights = init(seed=0)
start, unravel = ravel_pytree(weights)
batches = [make_data(200, seed) for seed in range(4)]


@jax.jit
def flat_loss(vector: jax.Array, batch: tuple[jax.Array, jax.Array]) -> jax.Array:
    return loss(unravel(vector), *batch)


flat_gradient = jax.jit(jax.grad(flat_loss))


@jax.jit
def flat_hvp(vector: jax.Array, along: jax.Array, batch: tuple[jax.Array, jax.Array]) -> jax.Array:
    return jax.jvp(lambda at: flat_gradient(at, batch), (vector,), (along,))[1]


vector, velocity = start, jnp.zeros_like(start)
checkpoints = [np.asarray(vector)]
for step in range(600):
    velocity = 0.9 * velocity - 0.1 * flat_gradient(vector, batches[step % len(batches)])
    vector = vector + velocity
    if step % 10 == 9:
        checkpoints.append(np.asarray(vector))

# %% [markdown]
# ## The problem
# Functions take NumPy vectors of float64. With batches, a surface knows its standard errors.
# (`jax.tree_util` lists a dictionary by the names of its entries; so do the shapes.)

# %%
problem = Problem.from_function(
    flat_loss,
    flat_gradient,
    flat_hvp,
    start=vector,
    shapes={name: weights[name].shape for name in sorted(weights)},
    batches=batches,
)
print(problem)

# %% [markdown]
# ## Where the training went
# The plane in which the checkpoints vary most, and the loss there. The colour of a checkpoint says
# how far it is from the plane.

# %%
path = torch.tensor(np.stack(checkpoints))
plane = trajectory_directions(path, centre=path[-1])
reach = (1.3 * plane.coordinates.abs().amax(dim=0)).tolist()
points = grid(plane.centre, plane.vectors, extent=reach, steps=21, axes=plane.axes)
surface = evaluate(problem, points, progress=False)
trajectory = project(points, path)
folder = Path(tempfile.mkdtemp())
save_surface(surface, folder / "jax.npz", trajectory=trajectory)
draw_contour(surface, path=folder / "jax.png", trajectory=trajectory)
print(f"{plane.explained.sum():.0%} of the variance is in the plane; drawn in {folder / 'jax.png'}")

# %% [markdown]
# ## Curvature
# At the end of the training, and on the way there.

# %%
pairs = top_eigenpairs(exact_hessian(problem), 3)
print(f"{pairs.kind}: {pairs.values.tolist()} from {pairs.num_matvecs} products")
for at in curvature_along_trajectory(problem, path[::20], n=1, num_matvecs=12):
    print(f"loss {at.loss:.3f}, largest eigenvalue {at.eigenvalues[0]:.2f}, {at.trace.value:.1f}")

# %% [markdown]
# ## Check
# The middle of the surface is the trained model, and the eigenvalues are those of the Hessian as
# JAX itself writes it down.

# %%
expected = np.mean([flat_loss(vector, batch) for batch in batches])
hessian = np.mean([jax.hessian(flat_loss)(vector, batch) for batch in batches], axis=0)
largest = np.linalg.eigvalsh(hessian)
largest = largest[np.argsort(-np.abs(largest))][:3]
assert expected < 0.4 < flat_loss(start, batches[0])
assert abs(surface.mean()[10, 10] - expected) < 1e-12
assert np.allclose(trajectory.coordinates, plane.coordinates.numpy())
assert (load_trajectory(folder / "jax.npz").residuals == trajectory.residuals).all()
assert np.allclose(pairs.values.numpy(), largest, rtol=1e-5)
