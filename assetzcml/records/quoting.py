"""What stands for itself in a URL (RFC 3986, 3.3 and 3.4); `urllib.parse.quote` is told it, wherever a URL is written."""

from __future__ import annotations

__all__ = ["FIRST_SAFE", "PATH_SAFE", "QUERY_SAFE", "SEGMENT_SAFE"]

# In the first segment of a relative reference, where a colon would end a scheme.
FIRST_SAFE = "~!$&'()*+,;=@"
# In any other segment: pchar.
SEGMENT_SAFE = FIRST_SAFE + ":"
PATH_SAFE = SEGMENT_SAFE + "/"
# In a query, and in a fragment.
QUERY_SAFE = PATH_SAFE + "?"
