"""Recordings of DRBD itself, played on the simulated devices: who may open, write and be Primary."""
