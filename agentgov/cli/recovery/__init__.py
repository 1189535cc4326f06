"""Commands for when the journal does not hold, or cannot wait."""
