"""Inventory: venues, events, shows and seats, and who has each seat."""
