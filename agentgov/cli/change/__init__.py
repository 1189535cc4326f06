"""Commands about changes: findings, diffs, owners, reviews, pull requests."""
