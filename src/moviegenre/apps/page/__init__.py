"""The page at ``/``: what somebody sees who is curious, made with Gradio on top of the service.

Everything it computes goes through the service's own queue (``asking.Asking``), so its limits hold
here too; what it shows is drawn as plain HTML in ``pictures`` and loaded from nowhere else.
"""
