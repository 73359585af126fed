"""The pure, deterministic heart: (configuration, state, events, time) -> firings."""
