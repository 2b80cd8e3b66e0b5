# %% [markdown]
# # From hits to tracks
# The whole reconstruction in five lines, on real Geant4 hits behind 150 mm of water.

# %%
from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.evaluation import METRICS, count_frame
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, line_graph, split_frames
from trackscape.graph_construction.labels import graph_ceiling
from trackscape.scoring import load_method
from trackscape.tracking import accept, follow, reconstruct

frames = split_frames(read_hits(samples.VALIDATION), per_frame=100)
scorer = load_method("line-graph-ptt")
tracks = reconstruct(frames[0], scorer=scorer, assigner=Assigner())
print(f"{len(tracks)} accepted tracks of 100 protons")

# %% [markdown]
# Step by step, it is the sentence of the README: hits, hit graph, line graph, scores, assignment,
# tracks. Each noun is a frozen dataclass of tensors.

# %%
graph = connect_layers(frames[0])
lines = line_graph(graph)
print(f"{len(graph.hits)} hits, {graph.n_edges} segments, {lines.pairs.shape[1]} pairs of segments")
scores = scorer(lines)
assignment = Assigner()(scores)
again = accept(follow(assignment))

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
