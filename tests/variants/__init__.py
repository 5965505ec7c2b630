"""What older versions of oned would have called: recordings of 7.4 with the shapes of other versions."""
