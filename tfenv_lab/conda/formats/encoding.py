"""Decode the bytes of a file as conda reads them: UTF-8, or otherwise UTF-16, as Windows' PowerShell writes it."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(content: bytes) -> str:
    """Return the text of a file. Bytes that are neither UTF-8 nor UTF-16 are read as Latin-1."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    if b"\0" in content[:400]:
        # Without a mark: the zero bytes of ASCII characters tell the order.
        order = "le" if content[1:2] == b"\0" else "be"
        return content.decode(f"utf-16-{order}", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def repaired(text: str) -> str:
    """Return a text without a mark at its start, and with the characters of a UTF-16 file that was read as UTF-8.

    Web browsers and the Contents service read every file as UTF-8: in a file of ASCII characters, that leaves a zero
    next to each of them.
    """
    text = text.removeprefix("\ufeff")
    if "\0" not in text[:400]:
        return text
    bare = text.removeprefix("\ufffd\ufffd").removeprefix("ÿþ").removeprefix("þÿ")
    for letters, zeros in ((bare[::2], bare[1::2]), (bare[1::2], bare[::2])):
        if not zeros.strip("\0"):
            return letters
    return text
