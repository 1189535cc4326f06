"""What runs beside the requests: each looks after one thing until the gate ends."""
