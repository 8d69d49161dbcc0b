"""The HTTP service: a predictor behind FastAPI, with limits, micro-batches, metrics and logs.

It uses models through a predictor alone. ``app.create_app`` puts the parts together.
"""
