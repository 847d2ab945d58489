"""The rows of a page, read back as its script reads them."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

_PACKED = re.compile(r'<script type="text/plain">([^<]*)</script>')
_LETTERS = bytes.maketrans(b",/.", b"&<>")


def rows_of(html: str) -> list[list[dict[str, Any]]]:
    """Return the records of every migration's rows, in the order of the page."""
    return [
        [json.loads(line) for line in gzip.decompress(_unpacked(text)).decode("utf-8").splitlines()]
        for text in _PACKED.findall(html)
    ]


def _unpacked(text: str) -> bytes:
    return base64.b85decode(text.encode("ascii").translate(_LETTERS))
