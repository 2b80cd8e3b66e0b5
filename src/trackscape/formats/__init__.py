"""Files <-> nouns: the only place that reads or writes hits and tracks.

.npz .npy .root .parquet .csv, files of events (TrackML, ACTS) -> Hits
Hits, Tracks -> .npz .parquet .csv .root, files of events (TrackML)
.npz .mhd .mha -> voxel volumes; .yaml -> settings
"""

from trackscape.formats.files import kind_to_read as kind_to_read
from trackscape.formats.files import reading as reading
from trackscape.formats.inspect import PARTICLES as PARTICLES
from trackscape.formats.inspect import HitReport as HitReport
from trackscape.formats.inspect import inspect_file as inspect_file
from trackscape.formats.inspect import inspect_hits as inspect_hits
from trackscape.formats.places import find_class as find_class
from trackscape.formats.primaries import PrimaryReport as PrimaryReport
from trackscape.formats.primaries import read_primaries as read_primaries
from trackscape.formats.read import read_hits as read_hits
from trackscape.formats.read import read_provenance as read_provenance
from trackscape.formats.settings import Count as Count
from trackscape.formats.settings import Positive as Positive
from trackscape.formats.settings import Share as Share
from trackscape.formats.settings import Strict as Strict
from trackscape.formats.settings import read_settings as read_settings
from trackscape.formats.shipped import find_settings as find_settings
from trackscape.formats.shipped import shipped_file as shipped_file
from trackscape.formats.shipped import shipped_settings as shipped_settings
from trackscape.formats.stream import stream_columns as stream_columns
from trackscape.formats.volumes import Volume as Volume
from trackscape.formats.volumes import read_volume as read_volume
from trackscape.formats.write import write_hits as write_hits
from trackscape.formats.write import write_tracks as write_tracks
from trackscape.formats.write_stream import hit_stream as hit_stream
