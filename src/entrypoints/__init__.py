"""What people and oned start."""
