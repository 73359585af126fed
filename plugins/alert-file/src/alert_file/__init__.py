"""Event sources that read lines: files that grow, rotate and get compressed, and standard input."""
