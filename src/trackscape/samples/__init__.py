"""Real Geant4 hits that the package ships: 230 MeV protons behind 150 mm of water.

`water_150_train.npz` holds 1,900 primaries, `water_150_val.npz` 1,000 others, in the published
column format. They are for the demo and the tests; studies need the full files.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
TRAIN = FOLDER / "water_150_train.npz"
VALIDATION = FOLDER / "water_150_val.npz"
