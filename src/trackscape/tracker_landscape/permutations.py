"""Network -> its hidden units: what can be permuted without changing a score."""

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import Group, chain_of, join
from trackscape.scoring import BeliefNetwork, HitGraphNetwork, LineGraphNetwork, Scorer


def unit_groups(scorer: Scorer) -> list[Group]:
    """Returns the groups of hidden units of a network, from input to output.

    Messages and states are units, too: their maximum is taken element by element, and the blocks
    behind take them beside other inputs.

    Raises:
        LandscapeError: It is none of the known networks.
    """
    if isinstance(scorer, BeliefNetwork):
        return list(chain_of(scorer.potentials, "potentials").groups)
    if not isinstance(scorer, (LineGraphNetwork, HitGraphNetwork)):
        raise LandscapeError(
            f"Expected a network whose units are known, got a {type(scorer).__name__}; leave its "
            "alignment out."
        )
    first, middle, last = (chain_of(getattr(scorer, name), name) for name in ("R1", "O", "R2"))
    if isinstance(scorer, LineGraphNetwork):
        messages = join(first, (middle, 8))
        states = join(middle, (last, 0))
    else:
        hidden = scorer.sizes["hidden"]
        messages = join(first, (middle, 4), (last, 2 * hidden))
        states = join(middle, (last, 0), (last, hidden))
    return [*first.groups, messages, *middle.groups, states, *last.groups]
