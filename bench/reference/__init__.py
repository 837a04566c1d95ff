"""What our figures are held against, measured on the same server in the same session."""
