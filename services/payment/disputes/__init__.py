"""Payments that customers' banks take back."""
