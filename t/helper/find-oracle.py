"""Searches the slow way: reads what `archive-find --json --limit 0` printed of a whole archive, makes
queries from the mails' own texts and from the air, and says for each which ids match, in order:
`ARGUMENTS<TAB>ids`. Folding is Python's own idea of Unicode, with the letters that archive-find(1)
spells out. The test runs archive-find with the same arguments and compares.

    find-oracle.py QUERIES <archive.jsonl
"""
import json
import random
import sys
import unicodedata

SPELLED = {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h",
           "ŧ": "t", "ı": "i", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-",
           "—": "-", "‐": "-", "‑": "-", "−": "-"}


def fold(text):
    out = []
    for c in unicodedata.normalize("NFKD", text):
        for f in unicodedata.normalize("NFKD", c.casefold()):
            category = unicodedata.category(f)
            if category in ("Mn", "Mc", "Me", "Cf"):
                continue
            if category in ("Zs", "Zl", "Zp", "Cc"):
                f = " "
            if f == " " and out and out[-1] == " ":
                continue
            out.append(SPELLED.get(f, f))
    return "".join(out)


class Mail:
    def __init__(self, line):
        self.raw = json.loads(line)
        self.id, self.size = self.raw["id"], self.raw["size"]
        self.sender = [fold(self.raw["from"]), fold(self.raw["sender"])]
        self.to = [fold(self.raw["to"])] + [fold(r) for r in self.raw["recipients"]]
        self.subject = [fold(self.raw["subject"])]
        self.day = self.raw["arrival"][:10]


def has(texts, needle):
    return any(needle in text for text in texts)


def piece(text):
    """A part of a text, of any length, in other letters at times."""
    if not text:
        return "x"
    begin = random.randrange(len(text))
    part = text[begin:begin + random.choice((1, 2, 3, 5, 8, 20))]
    how = random.randrange(4)
    part = part.upper() if how == 0 else part.swapcase() if how == 1 else part
    return "".join(c for c in part if c.isprintable()) or "y"


def main():
    random.seed(1)
    mails = sorted((Mail(line) for line in sys.stdin), key=lambda mail: mail.id, reverse=True)
    for number in range(int(sys.argv[1])):
        mail, other = random.choice(mails), random.choice(mails)
        words, tests = [], []
        for name, text, get in (("from", mail.raw["from"], lambda m: m.sender),
                                ("to", mail.raw["to"], lambda m: m.to),
                                ("subject", mail.raw["subject"], lambda m: m.subject),
                                ("", other.raw["subject"],
                                 lambda m: m.sender + m.to + m.subject)):
            if random.randrange(3):
                continue
            part = piece(text)
            if not name and ":" in part:
                continue
            words.append((name + ":" if name else "") + part)
            tests.append(lambda m, get=get, part=fold(part): has(get(m), part))
        if random.randrange(4) == 0:
            words.append("since:" + mail.day)
            tests.append(lambda m, day=mail.day: m.day >= day)
        if random.randrange(4) == 0:
            words.append("until:" + other.day)
            tests.append(lambda m, day=other.day: m.day <= day)
        if random.randrange(6) == 0:
            words.append("larger:%d" % other.size)
            tests.append(lambda m, size=other.size: m.size > size)
        if not words:
            continue
        ids = [m.id for m in mails if all(test(m) for test in tests)]
        print("\x1f".join(words) + "\t" + ",".join(ids))


main()
