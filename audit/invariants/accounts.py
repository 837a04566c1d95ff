"""Invariants of accounts and of the tokens that are issued to them."""

from audit.invariants.invariant import Invariant

ACCOUNTS = (
    Invariant(
        "an-address-has-one-account",
        "every account that is not deleted has an e-mail address in its one form, and no two have the same",
        ("identity.users",),
        """
        SELECT id AS user_id
        FROM (
            SELECT id, email, count(*) OVER (PARTITION BY email) AS uses FROM identity.users WHERE deleted_at IS NULL
        ) AS u
        WHERE (email = btrim(normalize(lower(email), NFKC))) IS NOT TRUE OR uses > 1
        """,
    ),
    Invariant(
        "of-a-deleted-account-nothing-is-left",
        "a deleted account has its id and no word of its user, is in no organization, and nobody is logged in to it",
        ("identity.deletions", "identity.users WHERE deleted_at IS NOT NULL"),
        """
        SELECT 'account' AS what, id AS user_id, deleted_at AS at FROM identity.users
        WHERE deleted_at IS NOT NULL AND is_empty IS NOT TRUE
        UNION ALL
        SELECT 'member', u.id, m.joined_at FROM identity.users u JOIN identity.members m ON m.user_id = u.id
        WHERE u.deleted_at IS NOT NULL
        UNION ALL
        SELECT 'login', u.id, f.created_at FROM identity.users u JOIN identity.token_families f ON f.user_id = u.id
        WHERE u.deleted_at IS NOT NULL AND f.ended_at IS NULL
        UNION ALL
        SELECT 'mail', u.id, a.asked_at FROM identity.users u JOIN identity.account_mails a ON a.user_id = u.id
        WHERE u.deleted_at IS NOT NULL
        UNION ALL
        SELECT 'deletion', u.id, d.requested_at FROM identity.users u LEFT JOIN identity.deletions d ON d.user_id = u.id
        WHERE (u.deleted_at IS NULL) IS DISTINCT FROM (d.emptied_at IS NULL)
        """,
    ),
    Invariant(
        "accounts-are-numbered-once",
        "no two accounts have one id",
        ("identity.users",),
        "SELECT id AS user_id, count(*) FROM identity.users GROUP BY id HAVING count(*) > 1",
    ),
    Invariant(
        "roles-are-those-that-there-are",
        "everybody has the role USER, and no role that there is not",
        ("identity.users",),
        """
        SELECT id AS user_id, roles FROM identity.users
        WHERE ('USER' = ANY (roles) AND roles <@ ARRAY['USER', 'ORGANIZER', 'ADMIN']) IS NOT TRUE
        """,
    ),
    Invariant(
        "there-is-an-admin",
        "where somebody has a role that only an admin gives there is an admin, as the last one cannot stop being one",
        ("identity.users WHERE 'ORGANIZER' = ANY (roles)",),
        """
        SELECT id AS user_id, roles FROM identity.users
        WHERE 'ORGANIZER' = ANY (roles) AND NOT EXISTS (SELECT FROM identity.users WHERE 'ADMIN' = ANY (roles))
        """,
    ),
    Invariant(
        "an-organization-has-an-owner",
        "every organization has a member who is its owner",
        ("identity.organizations",),
        """
        SELECT o.id AS organization_id, o.created_at FROM identity.organizations o
        WHERE NOT EXISTS (SELECT FROM identity.members WHERE organization_id = o.id AND role = 'OWNER')
        """,
    ),
    Invariant(
        "members-belong-to-accounts-and-organizations",
        "every member is an account that there is, once in an organization that there is, with a role that there is; "
        "an organization has 200 members at most, and an account is in 20 organizations at most",
        ("identity.members",),
        """
        SELECT m.organization_id, m.user_id, m.role, m.members, m.organizations
        FROM (
            SELECT *, count(*) OVER (PARTITION BY organization_id, user_id) AS times,
                count(*) OVER (PARTITION BY organization_id) AS members,
                count(*) OVER (PARTITION BY user_id) AS organizations
            FROM identity.members
        ) AS m
        LEFT JOIN identity.organizations o ON o.id = m.organization_id
        LEFT JOIN identity.users u ON u.id = m.user_id
        WHERE o.id IS NULL OR u.id IS NULL OR m.times > 1 OR m.members > 200 OR m.organizations > 20
            OR (m.role IN ('OWNER', 'MANAGER', 'BOX_OFFICE', 'FINANCE', 'DOOR')) IS NOT TRUE
        """,
    ),
    Invariant(
        "families-of-tokens-belong-to-accounts",
        "every family is an account's and ends after its beginning, within a year; one that was ended says by what",
        ("identity.token_families",),
        """
        SELECT f.id AS family_id, f.user_id, f.created_at, f.expires_at, f.ended_at, f.ended_by
        FROM identity.token_families f LEFT JOIN identity.users u ON u.id = f.user_id
        WHERE u.id IS NULL OR (f.expires_at > f.created_at) IS NOT TRUE
            OR f.expires_at > f.created_at + interval '365 days'
            OR ((f.ended_at IS NULL) = (f.ended_by IS NULL) AND coalesce(f.ended_by, 'LOGOUT') IN
                ('LOGOUT', 'REUSE', 'PASSWORD')) IS NOT TRUE
        """,
    ),
    Invariant(
        "refresh-tokens-belong-to-families",
        "every refresh token is of a family that there is",
        ("identity.refresh_tokens",),
        """
        SELECT t.family_id, t.created_at FROM identity.refresh_tokens t
        LEFT JOIN identity.token_families f ON f.id = t.family_id
        WHERE f.id IS NULL
        """,
    ),
    Invariant(
        "a-family-has-one-token",
        "of a family's tokens one is good, which all get who ask within seconds, and all others are used up; "
        "of one that is over, none but one is unused",
        ("identity.token_families",),
        """
        SELECT f.id AS family_id, f.ended_by, count(t) AS unused
        FROM identity.clock CROSS JOIN identity.token_families f
        LEFT JOIN identity.refresh_tokens t ON t.family_id = f.id AND t.used_at IS NULL
        GROUP BY f.id, f.ended_at, f.ended_by, f.expires_at, now
        HAVING count(t) > 1 OR count(t) = 0 AND f.ended_at IS NULL AND f.expires_at > now
        """,
    ),
    Invariant(
        "a-successor-follows-a-used-token",
        "the next token, which is kept encrypted for some seconds, is kept of used tokens only",
        ("identity.successors",),
        """
        SELECT family_id, used_at, created_at FROM identity.successors
        WHERE family_id IS NULL OR used_at IS NULL
        """,
    ),
    Invariant(
        "an-ended-family-gets-no-token",
        "after a family was ended or has expired no token of it is made, but by whoever was about to",
        ("identity.token_families",),
        """
        SELECT f.id AS family_id, f.ended_by, f.ended_at, f.expires_at, t.created_at
        FROM identity.token_families f JOIN identity.refresh_tokens t ON t.family_id = f.id
        WHERE t.created_at > least(f.ended_at, f.expires_at) + interval '10 seconds'
        """,
    ),
    Invariant(
        "attempts-come-back",
        "whoever tried too many passwords may try again within 15 minutes",
        ("identity.attempts",),
        """
        SELECT whole_at FROM identity.clock CROSS JOIN identity.attempts
        WHERE (whole_at <= now + interval '15 minutes') IS NOT TRUE
        """,
    ),
    Invariant(
        "there-is-a-key-to-sign-with",
        "where somebody has logged in there are signing keys, each once, and each has been made by now",
        ("identity.signing_keys",),
        """
        SELECT 'none' AS key, NULL::timestamptz AS created_at
        WHERE EXISTS (SELECT FROM identity.token_families) AND NOT EXISTS (SELECT FROM identity.signing_keys)
        UNION ALL
        SELECT id, max(created_at) FROM identity.clock CROSS JOIN identity.signing_keys
        GROUP BY id, now HAVING count(*) > 1 OR (max(created_at) <= now) IS NOT TRUE
        """,
    ),
    Invariant(
        "a-mail-about-an-account-has-an-end",
        "a mail that does not wait has an end, one that was sent was tried, and one that tells has no link",
        ("identity.account_mails",),
        """
        SELECT id AS mail_id, kind, state, attempts, finished_at FROM identity.account_mails
        WHERE ((state = 'WAITING') = (finished_at IS NULL)) IS NOT TRUE
            OR (has_link = (kind NOT IN ('PASSWORD_CHANGED', 'EMAIL_CHANGED'))) IS NOT TRUE
            OR state = 'SENT' AND attempts = 0 OR (answered <= attempts) IS NOT TRUE
        """,
    ),
    Invariant(
        "a-link-is-good-for-half-an-hour",
        "a link ends half an hour after it was asked for, is used before that, and what has no link is never used",
        ("identity.account_mails",),
        """
        SELECT id AS mail_id, kind, asked_at, ends_at, used_at FROM identity.account_mails
        WHERE has_link AND (ends_at = asked_at + interval '30 minutes') IS NOT TRUE
            OR used_at > ends_at + interval '10 seconds' OR NOT has_link AND used_at IS NOT NULL
        """,
    ),
)
