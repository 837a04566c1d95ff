"""The pages of admins, all together."""

from web.admin import refunds, users

routes = [*users.routes, *refunds.routes]
