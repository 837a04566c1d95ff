"""Pages for those who organize: the dashboard, events, shows."""
