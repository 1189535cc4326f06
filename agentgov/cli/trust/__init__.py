"""Commands about what is believed: journal, pins, verdicts."""
