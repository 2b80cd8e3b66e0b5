"""Speed and memory of the library; `python -m benchmarks.run` measures all and writes the page."""
