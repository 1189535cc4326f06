"""One value, many renderings. The only package that knows how things look."""
