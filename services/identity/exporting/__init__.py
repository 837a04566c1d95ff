"""All that is kept of a user, for that user."""
