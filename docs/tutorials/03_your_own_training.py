# %% [markdown]
# # Your own training
# A YAML file describes a training; `trackscape train FILE --data FOLDER` runs it. From Python:

# %%
import csv
import tempfile
from pathlib import Path

import yaml

from trackscape import samples
from trackscape.experiments.config import TrainingConfig
from trackscape.experiments.evaluate import evaluate_frames, read_frames
from trackscape.experiments.train import train
from trackscape.scoring import load_network
from trackscape.tracking import network_tracker

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
# ## Check

# %%
assert trained.purity == max(history)
assert summary.values["purity"] > 0.6
