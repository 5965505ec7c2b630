"""The ports in memory, over one model of a LINSTOR cluster that carries the data."""
