"""Commands about the gate and what lies in its store."""
