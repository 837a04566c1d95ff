"""Read by every Python at its start whose PYTHONPATH names this folder: jobs tick twice a second, whatever they say."""

from apscheduler.triggers import cron, interval


class Quick(interval.IntervalTrigger):
    """Ticks twice a second."""

    def __init__(self, **_: object) -> None:
        super().__init__(seconds=0.5, timezone="UTC")


interval.IntervalTrigger = cron.CronTrigger = Quick
