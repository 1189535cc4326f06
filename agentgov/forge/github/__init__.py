"""GitHub and GitHub Enterprise Server by their REST API (version 2022-11-28), and GraphQL for one's own name."""
