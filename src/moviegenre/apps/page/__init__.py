"""The page at ``/``: static files, which call the service's API from the browser.

The server only serves ``static/`` and the example films. The page's addresses take no input, so no
request can name a file of this machine.
"""
