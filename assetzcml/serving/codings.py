"""
Which content coding a client is sent.

Decided from the header and from what there is, by RFC 9110, 12.5.3. A client is never told that nothing is
acceptable: everything can be sent as it is.
"""

import re
from collections.abc import Sequence

# 8.4.1.3: "x-gzip" is to be considered equivalent to "gzip".
_ALIASES = {"x-gzip": "gzip"}

# In characters; gunicorn passes on 8,190 of a field. Who says more than that is sent the identity, unread.
MAX_FIELD = 8192

# One member of the list: a coding and its weight, a number of 0 to 1 with at most three decimals (12.4.2).
_MEMBER = re.compile(
    r"(?:^|,)[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*"
    r"(?:;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?(?=,|\Z)"
)


def choose_coding(accept_encoding: str | None, available: Sequence[str]) -> str | None:
    """
    The coding out of *available*, which is in the server's order of preference, that the client likes best.

    The highest weight wins; among equals the server's order, in which the identity is last. '*' speaks for all that
    the header does not name. A member that breaks the grammar is ignored; of a coding named twice the lower
    weight counts, since the identity harms nobody.

    Returns None for the identity: no header, an empty one, one longer than MAX_FIELD, or nothing acceptable.

    >>> choose_coding("gzip, br;q=0.9", available=["br", "gzip"])
    'gzip'
    >>> choose_coding("gzip;q=0", available=["gzip"]) is None
    True
    """
    if not accept_encoding or not available or len(accept_encoding) > MAX_FIELD:
        return None
    weights = _weights(accept_encoding)
    others = weights.get("*", 0.0)
    chosen, highest = None, 0.0
    for coding in available:
        weight = weights.get(coding, others)
        if weight > highest:
            chosen, highest = coding, weight
    # An identity that nobody named is acceptable, but a coding that was named is what the client asks for.
    return chosen if highest >= weights.get("identity", others) else None


def _weights(accept_encoding: str) -> dict[str, float]:
    """The weight of each coding that the header names, in lower case and without aliases."""
    weights: dict[str, float] = {}
    for token, weight in _MEMBER.findall(accept_encoding):
        coding = token.lower()
        coding = _ALIASES.get(coding, coding)
        weights[coding] = min(float(weight or 1), weights.get(coding, 1.0))
    return weights
