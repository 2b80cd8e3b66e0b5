"""Settings of trainings of some steps on the shipped samples."""

from typing import Any

from trackscape import samples


def short_training(**settings: Any) -> dict[str, Any]:
    """Returns settings of a training of four steps of 10 protons with two validations.

    Those given, such as a name, a network and a loss, come first; of the optimiser and the data,
    only what is given is replaced.
    """
    optimiser = {
        "kind": "adam",
        "learning_rate": 1e-3,
        "schedule": "constant",
        "graphs_per_step": 1,
        "steps": 4,
        "validate_every": 2,
    }
    data = {
        "training": [samples.TRAIN.name],
        "validation": [samples.VALIDATION.name],
        "per_frame": 10,
        "validation_frames": 2,
    }
    return settings | {
        "optimiser": optimiser | settings.get("optimiser", {}),
        "data": data | settings.get("data", {}),
    }
