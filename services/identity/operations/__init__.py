"""Transaction scripts."""
