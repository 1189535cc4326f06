"""What agents tell of their own work: spans in three dialects, counted once, by the minute and by the session.

`dialects` is the table of names, `spans` reads one span by it, `counting` decides what counts, `rollups` and `sessions`
keep the sums, `keeping` does all of it in one transaction. Nothing here knows HTTP, protobuf, or a clock.
"""
