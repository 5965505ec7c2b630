"""LINSTOR over REST."""
