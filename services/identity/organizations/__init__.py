"""Organizations: who makes events together, and what each member may do."""
