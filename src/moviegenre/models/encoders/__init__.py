"""Pretrained encoders: finding, loading and wrapping them."""
