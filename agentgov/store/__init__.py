"""Run-time state: short durable transactions of plain SQL on SQLite or PostgreSQL.

The only package that imports a driver. What the rows mean is decided in `runtime`; nothing here knows an agent.
"""
