"""Attempts at passwords: from where they come, how many there may be, and how they are counted."""
