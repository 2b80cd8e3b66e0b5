"""Name -> optimiser of the weights."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import nn

OptimiserKind = Literal["rmsprop", "adam", "soap"]


def build_optimiser(
    kind: OptimiserKind, parameters: Iterable[nn.Parameter], *, learning_rate: float
) -> torch.optim.Optimizer:
    """Makes an optimiser.

    Arguments:
        kind: ``rmsprop``, as published; ``adam``; or ``soap``, RMSprop in the eigenvectors of
            the correlations of each matrix's gradients, which decorrelates the many columns of
            the encoded angle. SOAP's own momentum is left out: decisions jump, and with momentum
            a training through the assignment does not settle.
        parameters: What it moves.
        learning_rate: Its rate.

    References:
        Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", ICLR 2025.
    """
    match kind:
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=learning_rate)
        case "adam":
            return torch.optim.Adam(parameters, lr=learning_rate)
        case "soap":
            from pytorch_optimizer import SOAP  # takes a second to import

            return SOAP(
                parameters, lr=learning_rate, betas=(0.0, 0.99), shampoo_beta=0.95, weight_decay=0.0
            )
