"""The memory adapters behind real protocols."""
