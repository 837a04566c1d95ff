"""Comparing the books with what booking tells: a consumer of its topic."""
