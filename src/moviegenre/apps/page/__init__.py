"""The page at ``/``: static files that ask the service's own addresses from the browser.

The server's part only hands out ``static/`` and the example films. No address of the page takes
anything from a client, so that none can name a file of this machine.
"""
