"""The pages of the box office, all together."""

from web.office import bookings, codes, coupons, gates, hooks, seats, team

routes = [route for each in (bookings, seats, codes, coupons, team, gates, hooks) for route in each.routes]
