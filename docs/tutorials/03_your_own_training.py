# %% [markdown]
# # Your own training
# A YAML file describes a training; `trackscape train FILE --data FOLDER` runs it. From Python:

# %%
import csv
import tempfile
from pathlib import Path

import torch
import yaml
from torch import nn

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.data import EdgeScores
from trackscape.evaluation.evaluate import evaluate_frames, read_frames
from trackscape.scoring import Scorer, load_network
from trackscape.tracking import network_tracker
from trackscape.training import FrameData, MethodLoss, TrackingModule, fit
from trackscape.training.config import TrainingConfig
from trackscape.training.train import train

SETTINGS = """
name: tutorial
network: {kind: line_graph}
loss: {kind: pat, strength: 25, convention: published}
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
# A network is any `Scorer`: it prepares a graph and scores its segments. `fit` trains it by any
# loss and keeps it, and goes on in the same folder after an interruption; `load_network` fills a
# network that you make.


# %%
class Straight(Scorer):
    """Scores each segment by its direction."""

    def __init__(self, *, width: int = 8) -> None:
        super().__init__()
        self.sizes = {"width": width}
        self.layers = nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 1))

    def prepare(self, graph):
        return graph

    def forward(self, graph):
        return EdgeScores(graph=graph, logit=self.layers(graph.direction)[:, 0])


torch.manual_seed(0)
scorer = Straight(width=8)
module = TrackingModule(
    scorer=scorer,
    loss=MethodLoss("ptt", seed=0),
    assigner=Assigner(),
    optimiser="adam",
    learning_rate=1e-2,
    schedule="cosine",
    steps=20,
)
data = FrameData(
    training=frames[10:], validation=frames[:5], scorer=scorer, graphs_per_epoch=10, seed=0
)
mine = folder / "straight"
purity = fit(
    module,
    data,
    folder=mine,
    epochs=2,
    graphs_per_step=1,
    about={"run": "straight"},
    progress=False,
)
again = load_network(mine / "weights.safetensors", network=Straight(width=8))
print(f"{purity:.1%} of its tracks are right:", sorted(path.name for path in mine.iterdir()))

# %% [markdown]
# ## Check

# %%
assert trained.purity == max(history)
assert summary.values["purity"] > 0.6
assert bool(again(again.prepare(again.connect(frames[0]))).logit.isfinite().all())
assert 0 < purity <= 1
