"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import TOPICS, Measure

MEASURES = (
    *TOPICS,
    Measure(
        Gauge("boxoffice_hold_lag_seconds", "Time since the first lapsed hold that is not tidied yet lapsed"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(expires_at))) AS value FROM show_seats"
        " WHERE status = 'HELD' AND expires_at <= boxoffice_clock()",
    ),
)

FILES_MISSING = Gauge("boxoffice_image_files_missing", "Files of images that are not in the folder")
FILES_UNKNOWN = Gauge("boxoffice_image_files_unknown", "Files in the folder of images that no row names")
QUOTA_USED = Gauge("boxoffice_image_quota_used", "Largest share of its quota of images that an organization has used")
"""Set by a job that looks at all files, once an hour (images/checking.py)."""
