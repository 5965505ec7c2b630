"""The rules: what must be true of disks. Standard library only."""
