"""The only layer with threads, clocks and files: sources into the engine, firings into the store, deliveries out."""
