"""Real and in-memory implementations of the ports of the domain."""
