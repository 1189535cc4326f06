"""The CEL port: what a condition of an action rule may say. The only package that imports a CEL library."""
