# %% [markdown]
# # A gradient through the assignment
# The assignment is a jump: its true gradient is zero. Blackbox differentiation solves it a second
# time, with costs shifted against the gradient of the loss, and follows the difference.
#
# Two protons cross two layers; the scores prefer the wrong partners.

# %%
import torch

from trackscape.assignment import Assigner, blackbox_assignment, hamming_loss
from trackscape.data import EdgeScores, Hits
from trackscape.graph_construction import connect_layers

position = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 0, 5.5], [1, 0, 5.5]])
hits = Hits(position=position, energy=torch.full((4,), 0.03), layer=torch.tensor([5, 5, 6, 6]))
graph = connect_layers(hits)
label = torch.tensor([1.0, 0.0, 0.0, 1.0])  # straight on
logit = torch.tensor([-0.1, 0.1, 0.1, -0.1], requires_grad=True)


def decide() -> torch.Tensor:
    return blackbox_assignment(
        EdgeScores(graph=graph, logit=logit),
        assigner=Assigner(),
        strength=0.2,  # shifts of at most 0.2, of costs between 0 and 1
        convention="corrected",
    )


chosen = decide()
print("chosen:", chosen.tolist(), "wanted:", label.tolist())

# %% [markdown]
# The gradient raises the scores of the wanted segments and lowers the others. A few steps of
# gradient descent on the number of wrong decisions turn the decision over.

# %%
optimiser = torch.optim.SGD([logit], lr=0.1)
losses = []
for _ in range(10):
    optimiser.zero_grad()
    loss = hamming_loss(decide(), label)
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
print("share of wrong decisions:", losses)

# %% [markdown]
# ## Check
# Once the decision is right, the loss is zero, and so is its gradient.

# %%
assert losses[0] == 1.0
assert losses[-1] == 0.0
assert torch.equal(decide(), label)
