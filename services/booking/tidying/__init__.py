"""What nobody needs any more."""
