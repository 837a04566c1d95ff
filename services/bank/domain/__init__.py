"""Pure rules of sessions, which all of the bank shares: no I/O, no clock."""
