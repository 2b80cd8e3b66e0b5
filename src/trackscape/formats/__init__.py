"""Files <-> nouns: the only place that reads or writes hits and tracks.

.npz .npy .root .parquet .csv -> Hits
Hits, Tracks -> .npz .parquet .csv
.npz .mhd .mha -> voxel volumes; .yaml -> settings
"""

from trackscape.formats.files import kind_to_read, reading
from trackscape.formats.inspect import PARTICLES, HitReport, inspect_file, inspect_hits
from trackscape.formats.primaries import PrimaryReport, read_primaries
from trackscape.formats.read import read_hits, read_provenance
from trackscape.formats.settings import Count, Positive, Share, Strict, read_settings
from trackscape.formats.volumes import Volume, read_volume
from trackscape.formats.write import hit_stream, write_hits, write_tracks

__all__ = [
    "PARTICLES",
    "Count",
    "HitReport",
    "Positive",
    "PrimaryReport",
    "Share",
    "Strict",
    "Volume",
    "hit_stream",
    "inspect_file",
    "inspect_hits",
    "kind_to_read",
    "read_hits",
    "read_primaries",
    "read_provenance",
    "read_settings",
    "read_volume",
    "reading",
    "write_hits",
    "write_tracks",
]
