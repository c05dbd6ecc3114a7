"""Whether the friendly REPL needs more lines: MicroPython's `mp_repl_continue_with_input`."""

COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async")
OPENING, CLOSING = "([{", ")]}"


def needs_more(text):
    """Whether the statement goes on: an open bracket or triple quote, a block, a backslash."""
    if not text:
        return False
    quote, depths = _scanned(text)
    if len(quote) == 3 or (not quote and max(depths) > 0) or text[-1] == "\\":
        return True
    return _is_compound(text) and text[-1] != "\n"


def _is_compound(text):
    if text[0] == "@":
        return True
    for word in COMPOUND:
        if text.startswith(word) and not _goes_on(text[len(word) : len(word) + 1]):
            return True
    return False


def _goes_on(character):
    """Whether it continues an identifier."""
    return character.isalpha() or character.isdigit() or character == "_"


def _scanned(text):
    """(the quote that is open at the end or "", how many of each kind of bracket are open)."""
    depths = [0, 0, 0]
    quote = ""
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character in "'\"":
            triple = character * 3
            if text[at - 1 : at + 2] == triple and quote in ("", triple):
                at += 2
                quote = "" if quote else triple
            elif quote in ("", character):
                quote = "" if quote else character
        elif character == "\\" and quote and text[at : at + 1] in ("'", '"', "\\"):
            at += 1
        elif not quote and character in OPENING:
            depths[OPENING.find(character)] += 1
        elif not quote and character in CLOSING:
            depths[CLOSING.find(character)] -= 1
    return quote, depths
