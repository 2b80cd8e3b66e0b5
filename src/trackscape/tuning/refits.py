"""When the parameters of a surrogate are fitted again, by name.

Between two fits a point costs n² operations, and a fit E n³ with some tens of E. A fit at each step
adds up to E N⁴/4 over N steps, one at every `lag` steps still to E N⁴/(4 lag); one whenever n has
grown by a factor g to less than E N³ g³/(g³ - 1), as the last one is the dearest.

References:
    Lag: Ram, Müller, Pfreundt, Gauger, Keuper, MLHPC 2019 (arXiv 2001.05726), and before them the
    parameter n_iter_relearn of BayesOpt (Martinez-Cantin, JMLR 15, 2014).
"""

import dataclasses
import math

from trackscape.errors import ConfigError
from trackscape.text import shown

GROWTH = 1.1
"""Factor of the schedules geometric and surprise, if none is named."""
SURPRISE = 3.0
"""Standard deviations that a new value is off at least, to be a surprise."""
KINDS = ("every", "never", "lag", "geometric", "surprise")


@dataclasses.dataclass(frozen=True)
class Refits:
    """A schedule of refits."""

    kind: str
    number: float
    """Steps of lag, factor of geometric and surprise."""

    @classmethod
    def named(cls, name: str) -> "Refits":
        """Reads ``every``, ``never``, ``lag:10``, ``geometric``, ``geometric:1.3``, ``surprise``.

        Raises:
            ConfigError: There is no such schedule.
        """
        kind, _, number = name.partition(":")
        try:
            value = float(number) if number else GROWTH
        except ValueError:
            value = math.nan
        right = (kind == "lag" and number and value >= 1 and value.is_integer()) or (
            kind in ("geometric", "surprise") and 1 < value < math.inf
        )
        if not right and (number or kind not in ("every", "never")):
            raise ConfigError(
                "Expected a schedule of refits: every, never, lag:STEPS, geometric, "
                f"geometric:FACTOR or surprise, with a factor above 1; got {shown(name)}."
            )
        return cls(kind, value)

    def due(self, n: int, *, last: int, residual: float) -> bool:
        """Returns whether parameters are fitted again.

        Arguments:
            n: Values that are known.
            last: Those at the last fit.
            residual: What the last value was off, in standard deviations of its prediction.
        """
        if self.kind == "lag":
            return n - last >= self.number
        if self.kind == "surprise" and abs(residual) > SURPRISE:
            return True
        if self.kind in ("geometric", "surprise"):
            return n >= self.number * last
        return self.kind == "every"
