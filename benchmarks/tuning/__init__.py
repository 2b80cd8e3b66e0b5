"""Speed and quality of `trackscape.tuning`, beside Optuna, BoTorch and bayesian-optimization."""
