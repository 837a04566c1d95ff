"""Papers: tickets, calendars and invoices as files."""
