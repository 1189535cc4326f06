"""The gate: the HTTP service that agents and people ask at run time.

Decides nothing: it asks `runtime`, `trust` and `store`.
"""
