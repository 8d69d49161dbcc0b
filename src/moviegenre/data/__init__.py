"""From raw movies to tensors: sources, validation, splits, prepared Parquet, caches, batches."""
