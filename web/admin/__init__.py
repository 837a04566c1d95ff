"""For Boxoffice's admins: accounts, and what is stuck."""
