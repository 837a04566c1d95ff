"""Transaction scripts: each is one transaction, and none calls anybody while it is open."""
