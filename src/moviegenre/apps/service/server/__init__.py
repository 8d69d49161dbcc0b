"""The server: uvicorn, with limits on connections, heads and slow readers that it does not have.

It knows of no films; ``running`` starts it, ``protocol`` is one connection, ``connections`` all.
"""
