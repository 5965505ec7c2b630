"""What oned runs: orders in, one line out."""
