"""Derivatives along vectors, and what to do where a second one does not exist."""

import contextlib
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from trackscape.errors import LandscapeError


def pulled_back(
    outputs: Sequence[Tensor], along: Sequence[Tensor], inputs: Sequence[Tensor]
) -> Tensor:
    r"""Returns :math:`\sum_i v_i \, \partial y_i / \partial x`, flat and in float64.

    The graph is kept for more vectors, and goes when the outputs do. What does not depend on the
    inputs counts as zero: the gradient of a linear loss is constant.

    Arguments:
        outputs: Tensors y, with a graph or constant.
        along: Vectors v, one for each output and of its shape.
        inputs: Tensors x.
    """
    pairs = [pair for pair in zip(outputs, along, strict=True) if pair[0].requires_grad]
    if not pairs:
        return torch.cat([torch.zeros_like(x, dtype=torch.float64).flatten() for x in inputs])
    parts = torch.autograd.grad(
        [output for output, _ in pairs],
        list(inputs),
        grad_outputs=[vector for _, vector in pairs],
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return torch.cat([part.detach().double().flatten() for part in parts])


def parts_like(vector: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Returns a flat vector (P,) in pieces of the shapes and the type of parameters."""
    pieces = vector.split([parameter.numel() for parameter in parameters])
    return [
        piece.view_as(parameter).to(parameter.dtype)
        for piece, parameter in zip(pieces, parameters, strict=True)
    ]


def check_twice_differentiable(gradients: Sequence[Tensor]) -> None:
    """Looks for a function marked with ``once_differentiable``.

    PyTorch would leave its part of the second derivative out, without a word, since the node that
    complains is not on the way to the parameters.

    Raises:
        LandscapeError: There is one.
    """
    nodes = [gradient.grad_fn for gradient in gradients]
    seen = set(nodes)
    while nodes:
        node = nodes.pop()
        if node is None:
            continue
        if node.name() == "torch::autograd::Error":
            raise _no_second_derivative("a function is marked with @once_differentiable")
        new = {following for following, _ in node.next_functions} - seen
        seen |= new
        nodes.extend(new)


@contextlib.contextmanager
def second_derivatives() -> Generator[None, None, None]:
    """Says what to do where PyTorch has no second derivative.

    Raises:
        LandscapeError: A function in here has none.
    """
    try:
        yield
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        known = ("differentiate", "derivative", "double backward", "sparse tensors")
        if not any(word in reason for word in known):
            raise
        raise _no_second_derivative(reason) from error


def _no_second_derivative(reason: str) -> LandscapeError:
    return LandscapeError(
        f"Expected a loss with second derivatives, but there is none: {reason}; use "
        "finite_difference_hessian, or another implementation of that function."
    )
