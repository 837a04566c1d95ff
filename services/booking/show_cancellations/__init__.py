"""Shows that are cancelled: every booking of one comes to its end, and all money goes back."""
