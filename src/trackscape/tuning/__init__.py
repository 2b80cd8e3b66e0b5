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
from trackscape.tuning.plots import draw_tuning as draw_tuning
from trackscape.tuning.plots import importances as importances
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
    from trackscape.tuning.study import open_study as open_study
    from trackscape.tuning.study import optimizer_of as optimizer_of
    from trackscape.tuning.study import run_study as run_study

_NEED_OPTUNA = {
    "LazyGPSampler": "optuna_sampler",
    "open_study": "study",
    "optimizer_of": "study",
    "run_study": "study",
}

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
    "draw_tuning",
    "importances",
    "open_study",
    "optimizer_of",
    "run_study",
    "space_as_dict",
    "space_from_dict",
]


def __getattr__(name: str) -> Any:
    if name not in _NEED_OPTUNA:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_NEED_OPTUNA[name]}"), name)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("optuna"):
            raise
        raise MissingPackageError(
            f"{name} needs the package optuna, which is not installed; run "
            "`pip install optuna`, or use Optimizer, which needs none."
        ) from None
