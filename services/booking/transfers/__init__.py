"""Transfers: tickets that their buyers give to somebody else."""
