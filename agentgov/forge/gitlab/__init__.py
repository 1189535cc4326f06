"""The adapter of GitLab: merge requests, approvals, notes and statuses as the port's values."""
