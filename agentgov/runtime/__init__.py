"""What agents run on and what they may do: leases, pauses, actions, permits. Reads the journal, never writes to main.

A functional core decides from values; the rows that it rests on are read and written in short transactions of a
`store`.
"""
