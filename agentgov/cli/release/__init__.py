"""Commands that move releases on, and tell what runs."""
