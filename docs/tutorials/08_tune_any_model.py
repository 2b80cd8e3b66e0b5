# %% [markdown]
# # Tune any model
# A search of settings by Bayesian optimisation, here of a support vector machine of scikit-learn
# that reads digits. Nothing but numbers go in and out: `ask` for settings, `tell` their value.

# %%
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from trackscape.tuning import Float, Optimizer

images, digits = load_digits(return_X_y=True)


def error(values: dict[str, float]) -> float:
    return 1 - cross_val_score(SVC(**values), images[:600], digits[:600], cv=3).mean()


optimizer = Optimizer(
    {"C": Float(low=1e-2, high=1e3, log=True), "gamma": Float(low=1e-6, high=1e-1, log=True)}
)
for _ in range(25):
    (values,) = optimizer.ask()
    optimizer.tell(values, error(values))
print("best:", optimizer.best)

# %% [markdown]
# What each setting does, and what is expected of settings that were not tried out:

# %%
from trackscape.tuning import importances  # noqa: E402

print("share of the variance that each explains:", importances(optimizer))
mean, deviation = optimizer.predict([{"C": 10.0, "gamma": 1e-3}])
print("expected error:", mean, "+-", deviation)

# %% [markdown]
# Four settings to try out side by side; and a file from which the same search goes on elsewhere.

# %%
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

side_by_side = optimizer.ask(4)
with tempfile.TemporaryDirectory() as folder:
    optimizer.save(Path(folder) / "search.json")
    again = Optimizer.load(Path(folder) / "search.json")

# %% [markdown]
# ## Check
# The search is at least as good as settings that are known to be good, a kernel that is too narrow
# reads nothing, and the file continues with the same suggestion.

# %%
assert optimizer.best.value <= error({"C": 10.0, "gamma": 1e-3})
assert error({"C": 1.0, "gamma": 1e-1}) > 0.5
assert again.under_way == side_by_side
assert again.ask() == optimizer.ask()
