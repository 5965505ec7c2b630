"""Kill every executable at each moment, or let something go wrong there, run it again, and compare what there is."""
