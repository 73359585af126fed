"""How fast it is, measured against what is possible and against others: `python -m benchmarks`."""
