"""What every installation has: the formats `json` and `pattern` and the condition type `threshold`, as a plugin like any other."""
