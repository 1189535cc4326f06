"""Commands that start a fleet: files, agents, the tour, and what is wrong with a machine."""
