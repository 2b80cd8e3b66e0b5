# %% [markdown]
# # The landscape of a Keras model
# Two trainings of a small network in TensorFlow that tells horizontal from vertical stripes: the
# loss around one of them, and on the way to the other one. It needs `pip install tensorflow`.

# %%
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
import torch

from trackscape.landscape import (
    Problem,
    evaluate,
    evaluate_path,
    exact_hessian,
    grid,
    path_summary,
    random_directions,
    save_surface,
    top_eigenpairs,
)
from trackscape.landscape.output import draw_line, draw_surface

keras.config.set_floatx("float64")
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)


def make_batch(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy stripes (size, 6, 6, 1), and whether they are vertical."""
    random = np.random.default_rng(seed)
    vertical = random.integers(2, size=size)
    wave = np.sin(2 * np.arange(6) + 6 * random.random((size, 1)))
    across = np.where(vertical[:, None, None], wave[:, None, :], wave[:, :, None])
    return (across + random.normal(size=(size, 6, 6)))[..., None], vertical[:, None].astype(float)


def train(seed: int) -> keras.Sequential:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(8, 3, activation="gelu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(3e-2), loss=cross_entropy)
    model.fit(*make_batch(1000, seed), epochs=15, verbose=0)
    return model


model, other = train(seed=0), train(seed=1)

# %% [markdown]
# ## The problem
# A flat vector holds the trainable variables one after the other. For a loss, its gradient and a
# product with its Hessian, it is written into them: `GradientTape` does the rest.

# %%
variables = model.trainable_variables
shapes = {variable.path.replace("/", "."): tuple(variable.shape) for variable in variables}
ends = np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1]


def read(network: keras.Sequential) -> np.ndarray:
    return np.concatenate([np.ravel(value) for value in network.trainable_variables])


def write(vector: np.ndarray) -> None:
    for variable, part in zip(variables, np.split(vector, ends), strict=True):
        variable.assign(part.reshape(variable.shape))


def flat(parts: list[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.reshape(part, [-1]) for part in parts], axis=0)


@tf.function
def value(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return cross_entropy(labels, model(images, training=False))


@tf.function
def slope(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        found = value(images, labels)
    return flat(tape.gradient(found, [variable.value for variable in variables]))


@tf.function
def product(images: tf.Tensor, labels: tf.Tensor, along: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        found = tf.tensordot(slope(images, labels), along, 1)
    return flat(tape.gradient(found, [variable.value for variable in variables]))


def loss(vector: np.ndarray, batch: tuple[tf.Tensor, tf.Tensor]) -> float:
    write(vector)
    return float(value(*batch))


def gradient(vector: np.ndarray, batch: tuple[tf.Tensor, tf.Tensor]) -> np.ndarray:
    write(vector)
    return slope(*batch).numpy()


def hvp(vector: np.ndarray, along: np.ndarray, batch: tuple[tf.Tensor, tf.Tensor]) -> np.ndarray:
    write(vector)
    return product(*batch, tf.constant(along)).numpy()


trained, second = read(model), read(other)
batches = [tuple(map(tf.constant, make_batch(250, seed))) for seed in (2, 3, 4, 5)]
problem = Problem.from_function(loss, gradient, hvp, start=trained, shapes=shapes, batches=batches)
print(problem)

# %% [markdown]
# ## The surface around one training
# Directions are as long as the weights of each layer, whose names come from the shapes.

# %%
directions = random_directions(problem.model, 2, norm="layer", seed=0)
points = grid(problem.centre, directions.vectors, extent=1.5, steps=15, axes=directions.axes)
surface = evaluate(problem, points, progress=False)
folder = Path(tempfile.mkdtemp())
save_surface(surface, folder / "keras.npz")
draw_surface(surface, path=folder / "keras.png")
print(f"loss {surface.mean()[7, 7]:.3f} +- {surface.standard_error()[7, 7]:.3f}, drawn in {folder}")

# %% [markdown]
# ## Between two trainings, and curvature

# %%
line = evaluate_path(problem, [problem.centre, torch.tensor(second)], steps=11, progress=False)
draw_line(line, path=folder / "keras_line.png")
print(f"barrier {path_summary(line).barrier.value:.3f}")
operator = exact_hessian(problem)
pairs = top_eigenpairs(operator, 2)
print(f"{pairs.kind}: {pairs.values.tolist()} from {pairs.num_matvecs} products")

# %% [markdown]
# ## Check
# The middle of the surface and the ends of the line are the losses that Keras evaluates, and the
# Hessian is what differences of gradients see.

# %%
images, labels = (np.concatenate([batch[part].numpy() for batch in batches]) for part in (0, 1))
write(trained)
evaluated = model.evaluate(images, labels, batch_size=1000, verbose=0)
assert abs(surface.mean()[7, 7] - evaluated) < 1e-9
assert abs(line.mean()[0] - evaluated) < 1e-9
assert abs(line.mean()[-1] - other.evaluate(images, labels, batch_size=1000, verbose=0)) < 1e-9
step = 1e-4 * pairs.vectors[0].numpy()
ahead, behind = (
    np.mean([gradient(trained + sign * step, batch) for batch in batches], axis=0)
    for sign in (1, -1)
)
seen = (ahead - behind) / 2e-4
assert np.allclose(seen, (operator @ pairs.vectors[0]).numpy(), atol=1e-6)
