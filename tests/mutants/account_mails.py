"""Bugs of mails about accounts, and of what their links are for."""

from tests.mutants.mutant import REQUESTS, Mutant

MAILS = ("tests/identity/test_account_mails.py",)

MUTANTS = (
    Mutant(
        "a link is good as often as one likes",
        "links:USE_LINK",
        "AND used_at IS NULL AND ends_at",
        "AND ends_at",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "a new password leaves everybody logged in",
        "Links.reset_password",
        "await tx.send(END_FAMILIES, {'user_id': user_id, 'by': 'PASSWORD'})",
        "pass",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "an address that nobody has verified gets a link that sets a password",
        "AccountMails.ask_reset",
        "MailKind.PASSWORD_RESET if user.is_verified else MailKind.VERIFICATION",
        "MailKind.PASSWORD_RESET",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "links from before a new password set another one",
        "AccountMails.password_changed",
        "await tx.send(sql.END_LINKS, {'user_id': user_id})",
        "pass",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "a new password leaves a link that gives the account another address",
        "mails:END_LINKS",
        "kind IN ('PASSWORD_RESET', 'EMAIL_CHANGE')",
        "kind = 'PASSWORD_RESET'",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "a password of before asks for another address",
        "AccountMails.ask_change",
        "user.password_hash != password_hash",
        "False",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "an address that somebody has is sent a mail that would give it away",
        "AccountMails.ask_change",
        "await tx.send(sql.SKIP_IF_TAKEN, given)",
        "pass",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "an account gets as many links as somebody asks for",
        "_seconds_to_wait",
        "len(lately) < MAILS_PER_HOUR",
        "len(lately) <= MAILS_PER_HOUR",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "an unknown address is told by what is not counted",
        "AccountMails.ask_reset",
        "await self._attempts.mail_asked(tx, address)",
        "pass",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "opening a link uses it",
        "AccountMailServicer.GetAccountPage",
        "return await self._answered(await self._page_of(request.token), request.token, context)",
        "return await self.SubmitAccountForm(httpbody_pb2.HttpBody(content_type=FORM, data=b'token=' + "
        "request.token.encode()), context)",
        REQUESTS,
        MAILS,
    ),
    Mutant(
        "what is kept of a link is its token",
        "hash_of",
        "hashlib.sha256(token.encode()).digest()",
        "token.encode()",
        REQUESTS,
        MAILS,
    ),
)
