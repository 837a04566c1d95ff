"""What lets PostgreSQL with Citus carry out a statement on the one node that has a show's rows (docs/citus.md)."""


def of_shows(table: str, shows: str = "show_id") -> str:
    """Return the condition that rows of a hot table are of the shows of a parameter, an array.

    It adds nothing to a join with what is named. Citus needs it of each hot table by itself: it does not follow joins,
    and plans by values, so that nothing is left of the CASE. PostgreSQL alone plans without values, and looks no index
    up by a CASE: by the plain condition it would, and sort the array for each row of the join.
    """
    return f"CASE WHEN %({shows})s::uuid[] IS NOT NULL THEN {table}.show_id = ANY(%({shows})s::uuid[]) END"
