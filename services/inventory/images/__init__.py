"""Images of events: taken in, made anew in three sizes, kept by what is in them, served."""
