"""A request as it arrived."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCOPE = re.compile(r"Credential=[^/,]*/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One HTTP request.

    Attributes:
        target: The raw path with its query, still percent-encoded.
        headers: Their names in lower case.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The raw path."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The decoded query."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def service(self) -> str:
        """The service that the request was signed for, ``bedrock`` where it was not signed."""
        return self._scope("service", "bedrock")

    @property
    def region(self) -> str:
        """The region that the request was signed for, ``us-east-1`` where it was not signed."""
        return self._scope("region", "us-east-1")

    def _scope(self, part: str, otherwise: str) -> str:
        found = _SCOPE.search(self.headers.get("authorization", ""))
        return found[part] if found else otherwise
