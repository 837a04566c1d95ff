"""What those who run shows look at."""
