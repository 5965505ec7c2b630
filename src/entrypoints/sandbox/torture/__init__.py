"""Kill every executable after each of its effects, run it again, and compare what there is."""
