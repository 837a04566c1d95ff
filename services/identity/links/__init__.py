"""Links in mails about accounts: an address is verified, or a new password is set."""
