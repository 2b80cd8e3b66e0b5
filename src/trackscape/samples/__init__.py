"""Geant4 hits for demo and tests: 230 MeV protons behind 150 mm of water, published columns.

`water_150_train.npz` holds 1,900 primaries, `water_150_val.npz` 1,000 others.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the sample files lie, as a folder for `--data`."""
TRAIN = FOLDER / "water_150_train.npz"
"""The larger file, for trainings."""
VALIDATION = FOLDER / "water_150_val.npz"
"""The smaller file, of other primaries."""
