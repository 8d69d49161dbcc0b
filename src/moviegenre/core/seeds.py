"""The range of seeds."""

MAX_SEED = 2**32 - 1
"""The largest number that NumPy and PyTorch both start their random numbers from."""
