"""Files of hits -> tracks on disk: streamed, by any number of processes, resumed after a kill.

    find_files -> Input -> parts of some frames each -> reconstruct_files | evaluate_files

Memory does not grow with the files. What is finished is kept, part by part, and the bytes are the
same whoever computes them and whatever was killed meanwhile.
"""

from trackscape.reconstruction.cutting import FrameRule as FrameRule
from trackscape.reconstruction.evaluation import MeasureTracks as MeasureTracks
from trackscape.reconstruction.files import find_files as find_files
from trackscape.reconstruction.parts import Skipped as Skipped
from trackscape.reconstruction.run import Input as Input
from trackscape.reconstruction.run import Outcome as Outcome
from trackscape.reconstruction.run import evaluate_files as evaluate_files
from trackscape.reconstruction.run import ranges_beside as ranges_beside
from trackscape.reconstruction.run import reconstruct_files as reconstruct_files
from trackscape.reconstruction.tracks import FindTracks as FindTracks
