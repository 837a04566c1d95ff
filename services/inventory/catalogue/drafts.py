"""Who sees drafts: events that are not public yet, and their shows."""

from services.chassis.wire.identity import caller

ORGANIZERS = frozenset({"ORGANIZER", "ADMIN"})


def sees_drafts() -> bool:
    """Tell whether the present caller sees drafts: who organizes events does.

    Nobody else finds them, nor does anybody of whom is not known who it is, as where AUTH is off.
    """
    who = caller.get()
    return who is not None and not who.roles.isdisjoint(ORGANIZERS)
