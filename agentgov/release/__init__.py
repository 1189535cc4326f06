"""Releases: from a signed tag through staging and canary to production, and back.

Pure: `plan` (what is due), `gates` (why not yet), `judge` (the canary test), `freeze`. Shell: `tagging` (make a
release), `orders` (what people say), `counts` and `observations` (what was seen), `reconcile` (observe, verify, plan,
apply).
"""
