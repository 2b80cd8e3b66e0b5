# %% [markdown]
# # From hits to tracks
# The whole reconstruction in four lines, on real Geant4 hits behind 150 mm of water.

# %%
import torch

from trackscape import samples
from trackscape.evaluation import METRICS, count_frame
from trackscape.formats import read_hits
from trackscape.graph_construction import graph_ceiling, split_frames
from trackscape.tracking import accept, follow, load_tracker, recover_holes

frames = split_frames(read_hits(samples.VALIDATION), per_frame=100)
tracker = load_tracker()
tracks = accept(tracker(frames[0]))
print(f"{frames[0]}\n{len(tracks)} accepted tracks of 100 protons")

# %% [markdown]
# Step by step, it is the sentence of the README: hits, hit graph, pairs of segments, scores,
# assignment, tracks. Each noun is a frozen dataclass of tensors. The default method also joins
# chains over a layer that did not see the proton.

# %%
scorer, assigner = tracker.scorer, tracker.assigner
graph = scorer.connect(frames[0])
kinks = scorer.prepare(graph)
print(f"{len(graph.hits)} hits, {graph.n_edges} segments, {len(kinks.upstream)} pairs of segments")
with torch.no_grad():
    scores = scorer(kinks)
assignment = assigner(scores)
again = accept(recover_holes(follow(assignment)))

# %% [markdown]
# The truth is known, so we can ask how good the tracks are, and how good they could be.

# %%
counts = [count_frame(again, assignment)]
for name in ("purity", "efficiency", "edge_tpr"):
    print(f"{name}: {100 * METRICS[name](counts).value:.1f} %")
print(f"ceiling of the graph: {100 * graph_ceiling(graph).total:.1f} %")

# %% [markdown]
# ## Check

# %%
assert [again[n].tolist() for n in range(len(again))] == [
    tracks[n].tolist() for n in range(len(tracks))
]
assert METRICS["purity"](counts).value > 0.8
assert METRICS["edge_tpr"](counts).value > 0.98
