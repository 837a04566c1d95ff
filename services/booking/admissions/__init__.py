"""Admissions: tickets at the door, judged, let in, taken back, and listed."""
