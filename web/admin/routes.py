"""The pages of admins, all together."""

from web.admin import users

routes = [*users.routes]
