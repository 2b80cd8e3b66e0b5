"""Files <-> nouns: the only place that reads or writes hits and tracks.

.npz .npy .root .parquet .csv -> Hits
Hits, Tracks -> .npz .parquet .csv
"""

from trackscape.formats.inspect import Report as Report
from trackscape.formats.inspect import inspect_file as inspect_file
from trackscape.formats.inspect import inspect_hits as inspect_hits
from trackscape.formats.recognise import read_hits as read_hits
from trackscape.formats.tracks import write_tracks as write_tracks
from trackscape.formats.write import write_hits as write_hits

__all__ = [
    "Report",
    "inspect_file",
    "inspect_hits",
    "read_hits",
    "write_hits",
    "write_tracks",
]
