"""Words that others may add to what they say: a peer of a newer version, a payment gateway, a key server.

Such a word is not understood, and that is no defect: it ends nothing, and is never taken for another word. What is done
instead is decided where the word is read. Here it is told: counted each time, logged once.
"""

import logging

from services.chassis.sight import metrics

log = logging.getLogger(__name__)

MAX_LOGGED = 100
MAX_SHOWN = 100

_logged: set[tuple[str, str]] = set()


def unknown(kind: str, word: object) -> None:
    """Tell that a word of some kind, such as "webhook type", is not known here."""
    metrics.UNKNOWN_WORDS.labels(kind).inc()
    shown = str(word)[:MAX_SHOWN]
    if (kind, shown) not in _logged and len(_logged) < MAX_LOGGED:
        _logged.add((kind, shown))
        log.warning("a word that is not known here: %s %r", kind, shown)
