"""Codes that take something off the price."""
