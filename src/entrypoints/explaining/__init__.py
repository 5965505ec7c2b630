"""What an order would do now: its rule runs, reads what is there, and changes a picture of it instead of the thing."""
