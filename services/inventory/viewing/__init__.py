"""Looking at seats: maps of shows, and watching them change."""
