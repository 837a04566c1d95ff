"""Bugs of what is kept: files of images, who has had exports, what users are given of themselves, keys of places."""

from tests.mutants.mutant import REQUESTS, SEATS, Mutant

FILES = ("tests/inventory/test_image_files.py",)
EXPORTS = ("tests/booking/test_exports.py",)
NOTICES = ("tests/notifications/test_notices.py",)
OFFICE = ("tests/booking/test_office.py",)
AREAS = ("tests/inventory/test_area_halls.py",)

MUTANTS = (
    Mutant(
        "a file of an image that is lost is not missed",
        "check_files",
        "row.is_shown and row.name not in files",
        "row.is_shown and row.name in files",
        REQUESTS,
        FILES,
    ),
    Mutant(
        "files behind the end of a page are compared with rows that were not read",
        "checking:_last_of_both",
        "min((page[-1] for page in (known, listed) if len(page) == limit), default=LAST)",
        "max((page[-1] for page in (known, listed) if len(page) == limit), default=LAST)",
        REQUESTS,
        FILES,
    ),
    Mutant(
        "who has had an export is forgotten at once",
        "FORGET_EXPORTS",
        "boxoffice_clock() - make_interval(days => %(days)s)",
        "boxoffice_clock() - 0 * make_interval(days => %(days)s)",
        REQUESTS,
        EXPORTS,
    ),
    Mutant(
        "users are given the notices of others",
        "notifications:NOTICES",
        "WHERE user_id = %(user_id)s AND id > %(after)s",
        "WHERE id > %(after)s",
        REQUESTS,
        NOTICES,
    ),
    Mutant(
        "users are not told which mails were sent to them",
        "notifications:KINDS",
        "Kind('mail', MAILS)",
        "*()",
        REQUESTS,
        NOTICES,
    ),
    Mutant(
        "a quota of images that is used up is not seen",
        "QUOTA_USED",
        "max(greatest(images",
        "max(least(images",
        REQUESTS,
        FILES,
    ),
    Mutant(
        "places are unblocked again under the same key",
        "SeatMethods.UnblockSeats",
        "key and ShowKey.of(key, show_id)",
        "None",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a name that was read before its account was deleted is written down after it",
        "KEEP_NAMES",
        "c.closed_until > boxoffice_clock()",
        "false",
        REQUESTS,
        OFFICE,
    ),
    Mutant(
        "a name that is being written down while its account is deleted stays",
        "WAIT_FOR_NAMES",
        " FOR SHARE",
        "",
        REQUESTS,
        OFFICE,
    ),
)
