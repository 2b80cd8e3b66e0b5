"""Every estimator beside tuned cross-entropy: quality, stability and cost, as a page."""
