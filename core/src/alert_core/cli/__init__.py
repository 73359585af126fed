"""The command `alert`: one file per noun, no logic."""
