"""What customers do, one file for each kind."""
