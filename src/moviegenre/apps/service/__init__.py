"""The HTTP service: a predictor behind FastAPI, with limits, micro-batches, metrics and logs.

It knows of models only what a predictor answers; ``app.create_app`` puts the parts together.
"""
