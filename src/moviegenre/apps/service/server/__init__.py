"""The server: uvicorn with additional limits on connections, heads and slow readers.

It does not know films. ``guarded_server`` starts it, ``protocol`` is one connection, and
``connections`` is the table of all connections.
"""
