"""AccountMailService: parse, call, render."""

from urllib.parse import parse_qs
from uuid import UUID

from boxoffice.identity.v1 import account_mails_pb2 as pb
from boxoffice.identity.v1 import account_mails_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.chassis.values.spoken import chosen
from services.chassis.wire.incoming import Context, headers
from services.chassis.wire.times import to_timestamp
from services.identity.accounts.domain import normalised
from services.identity.accounts.passwords import Accounts
from services.identity.attempts.addresses import Callers
from services.identity.errors import LinkNotValid
from services.identity.links import page
from services.identity.links.operation import Links
from services.identity.links.page import Page
from services.identity.mails import operation as mails
from services.identity.mails.domain import MailKind
from services.identity.mails.operation import AccountMails
from services.identity.organizations.rpc import caller_id

FORM = "application/x-www-form-urlencoded"
LARGEST_FORM = 4096
LONGEST_KIND = 200


class AccountMailServicer(account_mails_pb2_grpc.AccountMailServiceServicer):
    """Mails about accounts, and their links. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, accounts: Accounts, asked: AccountMails, links: Links, callers: Callers) -> None:
        self._db = db
        self._accounts = accounts
        self._mails = asked
        self._links = links
        self._callers = callers

    async def RequestEmailVerification(
        self, request: pb.RequestEmailVerificationRequest, context: Context
    ) -> pb.RequestEmailVerificationResponse:
        await self._mails.ask_verification(caller_id())
        return pb.RequestEmailVerificationResponse()

    async def RequestEmailChange(
        self, request: pb.RequestEmailChangeRequest, context: Context
    ) -> pb.RequestEmailChangeResponse:
        user_id, email = caller_id(), normalised(request.email)
        address = self._callers.address(context)
        async with self._accounts.confirmed(user_id, request.password, address) as (tx, present):
            await self._mails.ask_change(tx, user_id, present, email, address)
        return pb.RequestEmailChangeResponse()

    async def VerifyEmail(self, request: pb.VerifyEmailRequest, context: Context) -> pb.VerifyEmailResponse:
        await self._links.verify(request.token)
        return pb.VerifyEmailResponse()

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Context
    ) -> pb.RequestPasswordResetResponse:
        await self._mails.ask_reset(normalised(request.email), self._callers.address(context))
        return pb.RequestPasswordResetResponse()

    async def ResetPassword(self, request: pb.ResetPasswordRequest, context: Context) -> pb.ResetPasswordResponse:
        await self._links.reset_password(request.token, request.new_password, self._callers.address(context))
        return pb.ResetPasswordResponse()

    async def GetAccountPage(self, request: pb.GetAccountPageRequest, context: Context) -> httpbody_pb2.HttpBody:
        return await self._answered(await self._page_of(request.token), request.token, context)

    async def SubmitAccountForm(self, request: httpbody_pb2.HttpBody, context: Context) -> httpbody_pb2.HttpBody:
        token, password = _form(request)
        shown = await self._page_of(token)
        try:
            if shown is Page.VERIFY:
                await self._links.verify(token)
                shown = Page.VERIFIED
            elif shown is Page.RESET:
                if page.SHORTEST <= len(password) <= page.LONGEST and "\0" not in password:
                    await self._links.reset_password(token, password, self._callers.address(context))
                    shown = Page.IS_RESET
                else:
                    shown = Page.TOO_WEAK
        except LinkNotValid:  # or somebody has clicked twice
            shown = Page.VERIFIED if await self._page_of(token) is Page.VERIFIED else Page.OVER
        return await self._answered(shown, token, context)

    async def ClaimAccountMails(
        self, request: pb.ClaimAccountMailsRequest, context: Context
    ) -> pb.ClaimAccountMailsResponse:
        answer = pb.ClaimAccountMailsResponse()
        for mail, token in await self._mails.claim(request.limit):
            answer.mails.add(
                id=str(mail.id),
                kind=pb.AccountMail.Kind.Value(mail.kind),
                email=mail.email,
                name=mail.name,
                token=token,
                asked_at=to_timestamp(mail.asked_at),
                attempts=mail.attempts,
                may_be_there=mail.may_be_there,
            )
        return answer

    async def FinishAccountMail(
        self, request: pb.FinishAccountMailRequest, context: Context
    ) -> pb.FinishAccountMailResponse:
        outcome = pb.FinishAccountMailRequest.Outcome.Name(request.outcome)
        await mails.finish(self._db, UUID(request.id), request.attempts, outcome, request.reason)
        return pb.FinishAccountMailResponse()

    async def _page_of(self, token: str) -> Page:
        link = await self._links.find(token)
        if link is not None and link.kind is not MailKind.PASSWORD_RESET and link.is_verified:
            return Page.VERIFIED
        if link is None or not link.is_good:
            return Page.OVER
        return Page.RESET if link.kind is MailKind.PASSWORD_RESET else Page.VERIFY

    async def _answered(self, shown: Page, token: str, context: Context) -> httpbody_pb2.HttpBody:
        language = chosen(str(headers.get().get("accept-language", "")))
        await context.send_initial_metadata(page.HEADERS)
        data = page.render(shown, token, language)
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=data)


def _form(body: httpbody_pb2.HttpBody) -> tuple[str, str]:
    """Return the token and the password of a form; of what is no form, or a larger one, none: the page says it all.

    Raises InvalidField where not even the kind of the body can be read.
    """
    if len(body.content_type) > LONGEST_KIND or not body.content_type.isprintable():
        raise InvalidField(("contentType", f"must be the kind of the body, such as {FORM}"))
    if body.content_type.partition(";")[0].strip().lower() != FORM or len(body.data) > LARGEST_FORM:
        return "", ""
    try:
        fields = parse_qs(body.data.decode("utf-8"), max_num_fields=4)
    except ValueError:
        return "", ""
    return fields.get("token", [""])[0], fields.get("password", [""])[0]
