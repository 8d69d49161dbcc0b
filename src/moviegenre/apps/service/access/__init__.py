"""Who may send requests: hosts, origins, API keys, rates, and the headers of every answer.

Each check is a small class that reads a request's head; ``checks`` runs them in order.
"""
