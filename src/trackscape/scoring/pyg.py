"""Frames as a dataset for PyTorch Geometric, for those who bring their own networks."""

from collections.abc import Sequence

from torch_geometric.data import Data, Dataset

from trackscape.data import Hits
from trackscape.graph_construction import connect_layers


class HitGraphDataset(Dataset):
    """The hit graph of each frame as `torch_geometric.data.Data`, made when it is asked for.

    `trackscape.data.HitGraph.to_pyg` lists the fields. Works with PyTorch Geometric's `DataLoader`:

        frames = split_frames(read_hits("hits.npz"), per_frame=100)
        loader = DataLoader(HitGraphDataset(frames), batch_size=8)
    """

    def __init__(self, frames: Sequence[Hits]) -> None:
        super().__init__()
        self.frames = frames

    def len(self) -> int:
        """Returns the number of frames."""
        return len(self.frames)

    def get(self, idx: int) -> Data:
        """Returns the hit graph of one frame."""
        return connect_layers(self.frames[idx]).to_pyg()
