"""The command line of an administrator."""
