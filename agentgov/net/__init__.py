"""The one HTTP client: bounded, patient within a deadline, and it gives a token to nobody but the forge it is for."""
