"""Where counts of units come from: a file, an address, a program, Prometheus. Each answers a `Reading`, or why not."""
