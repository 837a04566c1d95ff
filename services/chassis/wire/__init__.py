"""Calls that come in and go out: who calls, what is allowed, how it is told."""
