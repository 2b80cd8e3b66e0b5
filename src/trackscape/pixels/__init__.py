"""What pixels see of hits, and hits from pixels.

simulated hits -> digitise -> files of pixels -> cluster -> hits, numbered by readout frame
"""

from trackscape.pixels.cluster import cluster_pixels as cluster_pixels
from trackscape.pixels.cluster import energy_of_size as energy_of_size
from trackscape.pixels.digitise import digitise_hits as digitise_hits
from trackscape.pixels.files import cluster_files as cluster_files
from trackscape.pixels.files import digitise_files as digitise_files
from trackscape.pixels.files import pixel_grid as pixel_grid
from trackscape.pixels.table import PIXEL as PIXEL
