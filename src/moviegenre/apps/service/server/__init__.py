"""The server: uvicorn, with limits on connections, heads and slow readers that it does not have.

It knows no films. ``guarded_server`` starts it, ``protocol`` is one connection, and
``connections`` is the table of all.
"""
