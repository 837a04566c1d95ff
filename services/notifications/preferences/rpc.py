"""PreferenceService: parse, call, render."""

from uuid import UUID

from boxoffice.notifications.v1 import preferences_pb2 as pb
from boxoffice.notifications.v1 import preferences_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.store.database import Database
from services.chassis.wire.incoming import Context
from services.notifications.errors import LinkNotFound
from services.notifications.preferences import operation, page
from services.notifications.preferences.domain import Links, Preferences, language_of


class PreferenceServicer(preferences_pb2_grpc.PreferenceServiceServicer):
    """Users' preferences. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, links: Links, language: str) -> None:
        """`language` is that of mails to those who have chosen none."""
        self._db = db
        self._links = links
        self._language = language

    async def GetPreferences(self, request: pb.GetPreferencesRequest, context: Context) -> pb.Preferences:
        return self._rendered(await operation.preferences_of(self._db, UUID(request.user_id)))

    async def SetPreferences(self, request: pb.SetPreferencesRequest, context: Context) -> pb.Preferences:
        chosen = Preferences(request.language or language_of(_accepted(context)), request.reminders)
        await operation.set_preferences(self._db, UUID(request.user_id), chosen)
        return self._rendered(chosen)

    async def GetUnsubscribePage(
        self, request: pb.GetUnsubscribePageRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """Return the page of a link. It changes nothing: mail programs open links that nobody has clicked."""
        return await self._page(self._user(request.token), context, is_done=False)

    async def Unsubscribe(self, request: pb.UnsubscribeRequest, context: Context) -> httpbody_pb2.HttpBody:
        """Give reminders up. The body is a form, of which nothing is read: the link says all."""
        user_id = self._user(request.token)
        await operation.give_up_reminders(self._db, user_id)
        return await self._page(user_id, context, is_done=True)

    def _user(self, token: str) -> UUID:
        if (user_id := self._links.user_of(token)) is None:
            raise LinkNotFound()
        return user_id

    async def _page(self, user_id: UUID, context: Context, *, is_done: bool) -> httpbody_pb2.HttpBody:
        chosen = await operation.preferences_of(self._db, user_id)
        language = chosen.language or language_of(_accepted(context)) or self._language
        await context.send_initial_metadata(page.HEADERS)
        data = page.render(language, is_done=is_done)
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=data)

    def _rendered(self, chosen: Preferences) -> pb.Preferences:
        return pb.Preferences(language=chosen.language or self._language, reminders=chosen.reminders)


def _accepted(context: Context) -> str:
    return str(dict(context.invocation_metadata() or ()).get("accept-language", ""))
