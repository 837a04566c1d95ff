"""Users whose accounts are deleted: they book nothing any more."""
