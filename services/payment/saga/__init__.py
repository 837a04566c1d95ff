"""What takes several steps: transactions, and calls of peers between them."""
