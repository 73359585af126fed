"""The test kit for plugins, shipped in the wheel."""
