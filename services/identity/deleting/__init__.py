"""Deleting accounts: what is personal is forgotten, the id stays."""
