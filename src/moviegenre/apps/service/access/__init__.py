"""Who may ask the service what: hosts, origins, API keys, rates, and the headers of every answer.

Each check is a small class that looks at a request's head; ``checking`` runs them in order.
"""
