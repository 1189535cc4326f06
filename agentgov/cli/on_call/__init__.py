"""Commands for whoever is called: stop, go back, incidents, alerts, playbooks, drills."""
