"""How services write: operations, desks, keys, outbox, topics, jobs; and what looks at what was written."""
