"""Tax on tickets: who sells, by which rules, and what a line's tax comes to."""
