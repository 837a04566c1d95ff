"""Work on the database: operations, desks, keys, outbox, topics, jobs."""
