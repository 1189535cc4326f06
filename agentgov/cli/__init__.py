"""The command line: click only parses. One command, one file, one plain function."""
