"""Payment: takes money for bookings through a payment gateway, and gives it back."""
