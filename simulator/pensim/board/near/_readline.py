"""The friendly REPL's line editor: MicroPython's `readline.c` without completion by tab."""

HISTORY = 8  # lines
NEWLINES = (13, 10)
NONE, ESCAPE, BRACKET, DIGIT, LETTER = 0, 1, 2, 3, 4  # how far an escape sequence has come
INDENT = "    "
_history = []  # newest first; lasts until a soft reset


class LineEditor:
    """Reads lines from a port and echoes them there."""

    def __init__(self, port):
        self._port = port
        self._last_newline = 0
        self._actions = {
            1: self._home, 2: self._left, 4: self._delete, 5: self._end, 6: self._right,
            8: self._rub, 9: self._tab, 11: self._cut_tail, 14: self._newer, 16: self._older,
            21: self._cut_head, 127: self._rub,
        }  # fmt: skip
        self._arrows = {
            65: self._older, 66: self._newer, 67: self._right, 68: self._left, 70: self._end,
            72: self._home,
        }  # fmt: skip
        self._keys = {
            49: self._home, 55: self._home, 52: self._end, 56: self._end, 51: self._delete,
        }  # fmt: skip

    def read(self, text, prompt):
        """Lets a line be added to `text`; returns (0 or the control character, the whole text)."""
        if not text:
            self._indents = True
        self._text = text
        self._start = self._at = len(text)
        self._sequence, self._digit = NONE, 0
        self._back_in_history = -1
        self._echo(prompt)
        self._just_indented = False
        self._auto_indent()
        while True:
            control = self._process(self._port.take_before(b"", 1)[0])
            if control >= 0:
                return control, self._text

    def _echo(self, text):
        if text:
            self._port.write(text.encode())

    def _process(self, key):
        """A key; returns 0 at the line's end, the control character that ends it, or -1."""
        if self._sequence != NONE:
            self._escaped(key)
        elif key == 3 or (1 <= key <= 5 and len(self._text) == self._start):
            return key
        elif self._is_newline(key):
            self._echo("\r\n")
            self._remember()
            return 0
        elif key == 27:
            self._sequence = ESCAPE
        elif self._just_indented and key in (9, 32):
            self._indents = False
            if key == 32:
                self._step_back(3)
                self._text = self._text[:-3]
        elif key in self._actions:
            self._actions[key]()
        elif 32 <= key <= 126:
            self._insert(chr(key))
        self._just_indented = False
        return -1

    def _is_newline(self, key):
        """CR LF is one new line."""
        if key in NEWLINES and self._last_newline in (0, key):
            self._last_newline = key
            return True
        self._last_newline = 0
        return False

    def _escaped(self, key):
        sequence, self._sequence = self._sequence, NONE
        if sequence == ESCAPE and key in (91, 79):  # "[", "O"
            self._sequence = BRACKET if key == 91 else LETTER
        elif sequence == BRACKET and 48 <= key <= 57:
            self._sequence, self._digit = DIGIT, key
        elif sequence == BRACKET and key in self._arrows:
            self._arrows[key]()
        elif sequence == DIGIT and key == 126 and self._digit in self._keys:
            self._keys[self._digit]()
        elif sequence == LETTER and key in (70, 72):
            self._arrows[key]()

    # What keys do

    def _replace(self, text, back, forward):
        """Another text: draws it anew from `back` before the cursor, which ends `forward` on."""
        shorter = len(text) < len(self._text)
        self._step_back(back)
        self._text = text
        if shorter:
            self._echo("\x1b[K")
        self._echo(text[self._at :])
        behind = len(text) - self._at - forward
        self._at = len(text)
        self._step_back(behind)

    def _step_back(self, count):
        if count > 4:
            self._echo("\x1b[%dD" % count)
        else:
            self._echo("\b" * count)
        self._at -= count

    def _step_on(self, count):
        self._echo(self._text[self._at : self._at + count])
        self._at += count

    def _insert(self, text):
        self._replace(self._text[: self._at] + text + self._text[self._at :], 0, len(text))

    def _tab(self):
        if self._at and self._text[self._at - 1] in " \n":
            self._insert(INDENT)

    def _rub(self):
        """Backspace: the character before, or four spaces of an indent."""
        before = self._text[self._start : self._at]
        if not before:
            return
        count = 4 if before.strip(" ") == "" and len(before) >= 4 else 1
        self._replace(self._text[: self._at - count] + self._text[self._at :], count, 0)

    def _delete(self):
        if self._at < len(self._text):
            self._replace(self._text[: self._at] + self._text[self._at + 1 :], 0, 0)

    def _cut_tail(self):
        self._replace(self._text[: self._at], 0, 0)

    def _cut_head(self):
        count = self._at - self._start
        self._replace(self._text[: self._start] + self._text[self._at :], count, 0)

    def _home(self):
        self._step_back(self._at - self._start)

    def _end(self):
        self._step_on(len(self._text) - self._at)

    def _left(self):
        if self._at > self._start:
            self._step_back(1)

    def _right(self):
        if self._at < len(self._text):
            self._step_on(1)

    # History

    def _remember(self):
        line = self._text[self._start :]
        if line and (not _history or _history[0] != line):
            _history.insert(0, line)
            _history[HISTORY:] = []

    def _older(self):
        if self._back_in_history + 1 < len(_history):
            self._recall(self._back_in_history + 1)

    def _newer(self):
        if self._back_in_history >= 0:
            self._recall(self._back_in_history - 1)

    def _recall(self, index):
        self._back_in_history = index
        line = _history[index] if index >= 0 else ""
        self._replace(self._text[: self._start] + line, self._at - self._start, len(line))

    # Indents

    def _auto_indent(self):
        """Begins a line of a block as deep as the one before, or deeper after a colon."""
        lines = self._text.split("\n")
        if not self._indents or len(lines) < 2:
            return
        last = lines[-2]
        depth = len(last) - len(last.lstrip(" "))
        if len(lines) > 2 and depth == len(last) and not lines[-3].strip(" "):
            return
        spaces = INDENT * (depth // 4 + (1 if last.endswith(":") else 0))
        self._echo(spaces)
        self._text += spaces
        self._at += len(spaces)
        self._just_indented = bool(spaces)
