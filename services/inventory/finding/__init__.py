"""Finding events by what they are called and where they are."""
