"""Training: the Lightning task and trainer, the optimiser, the callbacks and resuming."""
