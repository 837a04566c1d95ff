"""Mails: each fact as a mail to its user, sent at least once."""
