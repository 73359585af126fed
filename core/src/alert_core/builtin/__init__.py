"""What every installation has, as a plugin like any other: formats `json` and `pattern`, condition type `threshold`."""
