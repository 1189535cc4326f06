"""When something is wrong with an agent, and who is told: rules, detectors, what stands, ways to people.

A functional core decides from values; what it decides comes back as values that its callers (the gate, incidents) carry
out. Nothing here stops an agent or writes to the journal.
"""
