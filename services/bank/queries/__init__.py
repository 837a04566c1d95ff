"""Statements, each named and described."""
