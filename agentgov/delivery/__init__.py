"""What runs, brought to consumers that ask no gate: rendered files on a branch. Decides nothing about releases."""
