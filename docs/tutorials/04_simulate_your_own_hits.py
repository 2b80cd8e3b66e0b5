# %% [markdown]
# # Simulate your own hits
# Protons through 100 mm of water into the calorimeter. `make_setup` takes the words of the command
# line; the rest is the default: 230 MeV, one spot, the detector of the Geant4 hits. The first call
# after an installation compiles for about half a minute.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from trackscape import samples
from trackscape.comparison import FAIL, compare_files, print_comparison
from trackscape.evaluation import evaluate_frames, read_frames
from trackscape.formats import read_provenance
from trackscape.simulation import STOPPED, choose_engine, make_setup, simulate
from trackscape.simulation.physics import energy_behind
from trackscape.tracking import load_tracker

folder = Path(tempfile.mkdtemp())
hits_100, truth_100 = folder / "water_100.npz", folder / "water_100_truth.npz"
setup = make_setup(phantom="water:100")
n_rows = simulate(setup, hits_100, primaries=3000, seed=1, truth=truth_100)
print(f"{n_rows / 3000:.1f} rows for each proton, made by {read_provenance(hits_100)}")

# %% [markdown]
# A row of hits is what one particle left in one layer. The other file has a row for each primary:
# what it was before and behind the phantom, and how it ended. We ask the survivors for their
# energy, and the range tables of water for what it should be.

# %%
rows = np.load(hits_100)["arr_0"]
primaries = np.load(truth_100)["arr_0"]
print("columns:", *rows.dtype.names)
print(f"hits of secondary particles: {100 * np.mean(rows['parentID'] > 0):.1f} %")
print(f"stopped: {100 * np.mean(primaries['fate'] == STOPPED):.1f} % of the protons")

(water,) = setup.phantom.materials
survives = primaries["out_ekin"] > 0
before = float(np.median(primaries["in_ekin"]))
behind = float(np.median(primaries["out_ekin"][survives]))
expected = float(energy_behind(water, before, 10.0 * water.density))
print(f"behind 10 cm of water: {behind:.1f} MeV; by the range tables {expected:.1f} MeV")

# %% [markdown]
# Every primary has random numbers of its own, so the rows depend on the seed, not on the cores.

# %%
(alone,) = choose_engine("fast", threads=1)(setup, 1000, 1)
same = rows[rows["eventID"] < 1000]

# %% [markdown]
# The shipped network never saw these hits: it was trained on those of Geant4.

# %%
summary = evaluate_frames(
    read_frames(hits_100, per_frame=100)[:8],
    tracker=load_tracker("trackscape"),
    method="trackscape",
    per_frame=100,
)
for row in summary.rows():
    print(*row)

# %% [markdown]
# ## Is it as Geant4 says?
# The package has hits of 1,000 protons that Geant4 simulated behind 150 mm of water. We make those
# of 4,000, this time with a command, and set both side by side, as `trackscape compare` does. Small
# samples differ by chance: `within noise` tells such differences from real ones.

# %%
hits_150 = folder / "water_150.npz"
command = [sys.executable, "-m", "trackscape", "simulate", "--phantom", "water:150"]
subprocess.run([*command, "--primaries", "4000", "--seed", "2", "-o", hits_150], check=True)
comparison = compare_files(samples.VALIDATION, hits_150)
print_comparison(comparison, Console(width=120))

# %% [markdown]
# ## Check

# %%
assert np.array_equal(alone.hits, same)
assert abs(behind / expected - 1) < 0.002
assert summary.values["purity"] > 0.7
judged = ("hits per primary", "non-primary hits", "stopping depth", "graph nodes")
assert all(row.verdict != FAIL for row in comparison.rows if row.key.quantity in judged)
