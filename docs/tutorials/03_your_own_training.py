# %% [markdown]
# # Train your own network, with your own loss function
# A YAML file describes a training; `trackscape train FILE --data FOLDER` runs it. From Python:

# %%
import csv
import sys
import tempfile
from pathlib import Path

import yaml

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.evaluation import evaluate_frames, read_frames
from trackscape.landscape import evaluate, grid, random_directions
from trackscape.scoring import find_network, load_network
from trackscape.tracker_landscape import tracker_problem
from trackscape.tracking import network_tracker
from trackscape.training import FrameData, TrackingModule, TrainingConfig, fit, train

SETTINGS = """
name: tutorial
network: {kind: line_graph}
loss: {kind: hamming_blackbox, strength: 25, convention: published}
optimiser:
  learning_rate: 3.0e-3
  schedule: cosine
  graphs_per_step: 2
  steps: 40
  validate_every: 20
data:
  training: [water_150_train.npz]
  validation: [water_150_val.npz]
  per_frame: 20
  validation_frames: 10
"""

config = TrainingConfig.model_validate(yaml.safe_load(SETTINGS))
folder = Path(tempfile.mkdtemp())
trained = train(config, data=samples.FOLDER, runs=folder, seed=0, progress=False)
print("a run is a folder:", sorted(path.name for path in trained.folder.iterdir()))

# %% [markdown]
# `metrics.csv` holds what the validation saw, `weights.safetensors` the best weights.

# %%
with (trained.folder / "metrics.csv").open() as file:
    history = [float(row["validation_purity"]) for row in csv.DictReader(file)]
frames = read_frames(samples.VALIDATION, per_frame=20)
summary = evaluate_frames(
    frames,
    tracker=network_tracker(load_network(trained.folder / "weights.safetensors")),
    method="tutorial",
    per_frame=20,
)
for row in summary.rows():
    print(*row)

# %% [markdown]
# ## Your own network
# A network is one class in one file, a `Scorer`: it prepares a graph and scores its segments. The
# settings name its place, here `my_scorers.Straight`; Python finds it in the current folder, or
# wherever it finds modules. All verbs take its weights: `trackscape evaluate`, `reconstruct` and
# `landscape` with `--weights FILE --network my_scorers.Straight`.

# %%
MODULE = '''
from torch import nn

from trackscape.data import EdgeScores
from trackscape.scoring import Scorer


class Straight(Scorer):
    """Scores each segment by its direction."""

    def __init__(self, *, width: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 1))

    def prepare(self, graph):
        return graph

    def forward(self, graph):
        return EdgeScores(graph=graph, logit=self.layers(graph.direction)[:, 0])
'''
(folder / "my_scorers.py").write_text(MODULE)
sys.path.append(str(folder))  # as if this were the current folder

settings = config.model_dump() | {
    "network": {"kind": "my_scorers.Straight", "sizes": {"width": 6}},
    "loss": {"kind": "cross_entropy"},
}
mine = train(
    TrainingConfig.model_validate(settings),
    data=samples.FOLDER,
    runs=folder,
    seed=0,
    progress=False,
)
print(f"{mine.purity:.1%} of its tracks are right:", mine.folder.name)

# %% [markdown]
# A weights file says how large its network is, but never which class is imported: you pass it.
# `Scorer` lists what else a network may say: other candidate segments, the loss that it is trained
# by, where tracks may end, which hidden units can be matched with those of another training.

# %%
weights = mine.folder / "weights.safetensors"
again = load_network(weights, network=find_network("my_scorers.Straight"))
problem = tracker_problem(again, frames[:3], losses=["cross_entropy", "hamming"])
directions = random_directions(problem.model, 2, seed=0)
surface = evaluate(problem, grid(problem.centre, directions.vectors, steps=3), progress=False)
print(surface.mean("cross_entropy").round(3))

# %% [markdown]
# ## Your own loss
# Losses are frozen dataclasses in `trackscape.training`: `Hinge(margin=0.2)` is a loss, the same in
# a training and in a landscape. Any function of scores and truth is one as well, and `fit` trains
# by it.


# %%
def squares(scores, truth, *, assigner, frame):
    """Brier score of the segments; `assigner` would decide, `frame` numbers the noise."""
    return (scores.probability - truth).square().mean()


module = TrackingModule(
    scorer=again.train(),
    loss=squares,
    assigner=Assigner(),
    optimiser="adam",
    learning_rate=1e-2,
    schedule="cosine",
    steps=20,
)
data = FrameData(
    training=frames[10:], validation=frames[:5], scorer=again, graphs_per_epoch=10, seed=0
)
purity = fit(
    module,
    data,
    folder=folder / "squares",
    epochs=2,
    graphs_per_step=1,
    about={"run": "squares"},
    progress=False,
)

# %% [markdown]
# ## Check

# %%
assert trained.purity == max(history)
assert summary.values["purity"] > 0.6
assert again.architecture == "Straight (width 6)"
assert bool(again.score(frames[0]).logit.isfinite().all())
assert surface.mean("hamming").shape == (3, 3)
assert 0 < purity <= 1
