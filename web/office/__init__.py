"""The box office: bookings, blocked seats, guests, coupons, members, gates and webhooks of an organization."""
