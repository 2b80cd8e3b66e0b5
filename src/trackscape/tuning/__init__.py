"""Bayesian optimisation whose next suggestion stays cheap: lazy Gaussian processes.

    Space -> Optimizer.ask -> trial -> Optimizer.tell, or LazyGPSampler in a study of Optuna

A Gaussian process learns from all trials; a new one extends its Cholesky factor in n² operations,
and its parameters are fitted again only now and then. Nothing here knows what is tuned.
"""

import importlib
from typing import TYPE_CHECKING, Any

from trackscape.errors import MissingPackageError
from trackscape.tuning.optimizer import Optimizer as Optimizer
from trackscape.tuning.optimizer import Told as Told
from trackscape.tuning.settings import space_as_dict as space_as_dict
from trackscape.tuning.settings import space_from_dict as space_from_dict
from trackscape.tuning.space import Categorical as Categorical
from trackscape.tuning.space import Condition as Condition
from trackscape.tuning.space import Float as Float
from trackscape.tuning.space import Integer as Integer
from trackscape.tuning.space import Parameter as Parameter
from trackscape.tuning.space import Space as Space

if TYPE_CHECKING:
    from trackscape.tuning.optuna_sampler import LazyGPSampler as LazyGPSampler

__all__ = [
    "Categorical",
    "Condition",
    "Float",
    "Integer",
    "LazyGPSampler",
    "Optimizer",
    "Parameter",
    "Space",
    "Told",
    "space_as_dict",
    "space_from_dict",
]


def __getattr__(name: str) -> Any:
    if name != "LazyGPSampler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return importlib.import_module("trackscape.tuning.optuna_sampler").LazyGPSampler
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("optuna"):
            raise
        raise MissingPackageError(
            "LazyGPSampler needs the package optuna, which is not installed; run "
            "`pip install 'trackscape[tuning]'`, or use Optimizer, which needs none."
        ) from None
