"""Language tags: BCP 47 (RFC 5646), with IANA's registry as the package language-tags carries it."""

from language_tags.Tag import Tag

_NO_FAULTS = {
    10,  # a script that goes without saying, such as in hi-Deva: may be said
    8,  # a variant that comes twice: the package says so of any two variants, and `canonical` looks itself
}


def canonical(text: str) -> str:
    """Return a language tag with large and small letters as usual, such as en-IN.

    Raises ValueError unless all of its parts are registered, in use, and not for private use. The error says what to
    say instead of one that is out of use.
    """
    tag = Tag(text)
    if tag.preferred is not None:
        raise ValueError(f"{text} is out of use: say {tag.preferred.format}")
    for part in tag.subtags:
        if part.deprecated and part.preferred is not None:
            raise ValueError(f"{part.format} is out of use: say {part.preferred.format}")
    parts = text.lower().split("-")
    # What follows a part of one letter, or of none, the package does not look at.
    whole = len(set(parts)) == len(parts) and min(map(len, parts)) > 1
    private = any("Private use" in part.description for part in tag.subtags)
    if private or not whole or any(fault.code not in _NO_FAULTS for fault in tag.errors):
        raise ValueError
    return str(tag.format)
