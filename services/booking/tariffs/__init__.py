"""What shows add to list prices, as it was set at each time."""
