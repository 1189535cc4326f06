"""GitHub and GitLab: reviews in, checks and comments out. The only package that knows what a forge looks like."""
