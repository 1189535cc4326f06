"""Sentences that several commands say in the same words."""

UNREVIEWED = "a fleet of one person reviews its own changes"
