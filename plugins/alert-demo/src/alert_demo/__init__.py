"""A guided tour: `alert demo` shows how lines of a log become messages on five channels."""
