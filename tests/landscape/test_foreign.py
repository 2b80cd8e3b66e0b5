"""Models of other libraries have the landscapes that those libraries compute; skipped without."""

import numpy as np
import pytest
import torch

from trackscape.landscape import Problem, evaluate, exact_hessian, grid, top_eigenpairs

INPUTS = np.random.default_rng(0).normal(size=(20, 3))
TARGETS = np.sin(INPUTS.sum(axis=1))
SHAPES = {"first.kernel": (3, 4), "first.bias": (4,), "last.kernel": (4, 1)}
START = np.random.default_rng(1).normal(size=20)
SPLIT = [12, 16]


def check(problem: Problem, hessian: np.ndarray) -> None:
    """Compares with PyTorch's own model, and the Hessian with that of the other library."""

    def network(vector: np.ndarray) -> float:
        kernel, bias, last = (torch.from_numpy(part) for part in np.split(vector, SPLIT))
        hidden = torch.tanh(torch.from_numpy(INPUTS) @ kernel.reshape(3, 4) + bias)
        return float(((hidden @ last - torch.from_numpy(TARGETS)) ** 2).mean())

    points = grid(problem.centre, torch.eye(20)[:2].double(), steps=3)
    expected = [network(points[number].numpy()) for number in range(len(points))]
    found = evaluate(problem, points, progress=False).mean().ravel()
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    operator = exact_hessian(problem)
    np.testing.assert_allclose(operator @ torch.eye(20), hessian, rtol=0, atol=1e-8)
    values = np.linalg.eigvalsh(hessian)
    largest = values[np.argsort(-np.abs(values))][:3]
    np.testing.assert_allclose(top_eigenpairs(operator, 3).values, largest, rtol=1e-5)


def test_a_jax_model():
    jax = pytest.importorskip("jax")

    def loss(vector):
        kernel, bias, last = jax.numpy.split(vector, SPLIT)
        hidden = jax.numpy.tanh(INPUTS @ kernel.reshape(3, 4) + bias)
        return ((hidden @ last - TARGETS) ** 2).mean()

    slope = jax.grad(loss)
    with jax.enable_x64(True):
        problem = Problem.from_function(
            loss, slope, lambda x, v: jax.jvp(slope, (x,), (v,))[1], start=START, shapes=SHAPES
        )
        check(problem, np.asarray(jax.hessian(loss)(START)))


def test_a_tensorflow_model():
    tf = pytest.importorskip("tensorflow")

    def loss(vector):
        kernel, bias, last = tf.split(vector, [12, 4, 4])
        hidden = tf.tanh(INPUTS @ tf.reshape(kernel, (3, 4)) + bias)
        return tf.reduce_mean((tf.linalg.matvec(hidden, last) - TARGETS) ** 2)

    def slope(vector):
        vector = tf.constant(vector)
        with tf.GradientTape() as tape:
            tape.watch(vector)
            found = loss(vector)
        return tape.gradient(found, vector)

    def product(x, v):
        vector = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(vector)
            found = tf.tensordot(slope(vector), tf.constant(v), 1)
        return tape.gradient(found, vector)

    problem = Problem.from_function(loss, slope, product, start=START, shapes=SHAPES)
    hessian = np.stack([product(START, column).numpy() for column in np.eye(20)])
    check(problem, hessian)
