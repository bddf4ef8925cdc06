#!/usr/bin/env python3
"""Judges rewritten mails with another MIME parser (Python's): detach-judge.py FOLDER <LIST

LIST has lines "N path", as detach-all prints them. For each, FOLDER/N against the original:
 - every byte outside the stubs stands in the original, in the same order, first and last included;
 - the tree is the original's, but where a stub stands for a leaf or a whole message;
 - the digest in each stub is that of the content that Python decodes there.
Prints a line a disagreement and a count; exits 1 when there is any.
"""
import email
import email.policy
import hashlib
import re
import sys

STUB = re.compile(
    rb"Content-Type: message/external-body; access-type=URL;\r?\n URL=\"https://drop\.example/"
    rb".*?X-Tubepost-Seal:\r?\n [0-9a-f]{64}\r?\n\r?\n", re.S)
OURS = re.compile(rb"(?:MIME-Version: 1\.0\r?\n)?Content-Type: message/external-body; access-type=URL;.*?"
                  rb"Content-Transfer-Encoding: 7bit\r?\n", re.S)


def without_content_fields(header):
    """The header's lines but for the fields that describe the content."""
    kept, keep = [], True
    for line in header.splitlines(keepends=True):
        if not line[:1] in (b" ", b"\t"):
            name = line.split(b":")[0].strip().lower()
            keep = not name.startswith(b"content-") or name == b"content-language" or b":" not in line
        if keep:
            kept.append(line)
    return b"".join(kept)


def split_header(mail):
    found = re.search(rb"\r?\n\r?\n", mail)
    return (mail[:found.start() + 1 + (mail[found.start():found.start() + 1] == b"\r")], mail[found.end():])


def root_left(before, after):
    """A root that is a file: its other fields stay, the body is the phantom header."""
    old, new = split_header(before)[0], split_header(after)[0]
    ours = OURS.search(new)
    return bool(ours) and new[:ours.start()] + new[ours.end():] == without_content_fields(old)


def bytes_outside(before, after):
    pieces = STUB.split(after)
    if len(pieces) < 2 or not before.startswith(pieces[0]) or not before.endswith(pieces[-1]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        at = before.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return at <= len(before) - len(pieces[-1])


def is_stub(part):
    return part.get_content_type() == "message/external-body" and "X-Tubepost-Seal" in part.as_string()


def content(part):
    if part.get_content_type() == "message/rfc822":
        return None
    return part.get_payload(decode=True)


def compare(before, after, path, found):
    if is_stub(after) and not is_stub(before):
        stub = re.search(r"X-Tubepost-SHA256:\s+([0-9a-f]{64})", after.as_string())
        data = content(before)
        if before.get_content_maintype() == "multipart":
            found.append(f"{path}: a multipart left")
        elif data is not None and not stub:
            found.append(f"{path}: no digest")
        elif data is not None and not before.defects:
            # Python keeps line ends of the mail in decoded text; the last one belongs to the delimiter
            digests = [hashlib.sha256(d).hexdigest() for d in (data, data.rstrip(b"\r\n"), data + b"\n")]
            if stub.group(1) not in digests:
                found.append(f"{path}: another content")
        return
    if before.get_content_type() != after.get_content_type():
        found.append(f"{path}: {before.get_content_type()} became {after.get_content_type()}")
    elif before.is_multipart() != after.is_multipart():
        found.append(f"{path}: another shape")
    elif before.is_multipart():
        old, new = before.get_payload(), after.get_payload()
        if len(old) != len(new):
            found.append(f"{path}: {len(old)} parts became {len(new)}")
        for i, (a, b) in enumerate(zip(old, new)):
            compare(a, b, f"{path}.{i + 1}", found)
    elif before.get_payload() != after.get_payload():
        found.append(f"{path}: another body")


def judge(before, after):
    found = []
    if not bytes_outside(before, after) and not root_left(before, after):
        found.append("bytes outside the stubs differ")
    old = email.message_from_bytes(before, policy=email.policy.compat32)
    new = email.message_from_bytes(after, policy=email.policy.compat32)
    compare(old, new, "1", found)
    return found


count = bad = 0
for line in sys.stdin:
    number, path = line.rstrip("\n").split(" ", 1)
    with open(path, "rb") as original, open(f"{sys.argv[1]}/{number}", "rb") as result:
        complaints = judge(original.read(), result.read())
    count += 1
    for complaint in complaints:
        bad += 1
        print(f"{path}: {complaint}")
print(f"{count} judged, {bad} disagreements")
sys.exit(bad > 0)
