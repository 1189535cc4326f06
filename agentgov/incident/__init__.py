"""What people and the gate do about incidents: orders, escalation, messages, times, the timeline, the review."""
