"""Control characters: written as escapes, so that no text from outside starts a line or moves a terminal's cursor."""


def escape(text: str) -> str:
    r"""The text with every character that is not printable as `\xNN`, `\uNNNN` or `\UNNNNNNNN`.

    Not printable are C0, C1 and DEL, line and paragraph separators, bidirectional and other format characters, surrogates
    and blanks other than the space.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    number = ord(char)
    if number <= 0xFF:  # noqa: PLR2004  # two, four or eight digits, as Python writes them
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004  # the same
