"""Recordings of a LINSTOR above real DRBD, played on the simulated cluster: requests, and programs on the hosts."""
