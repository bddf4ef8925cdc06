#!/usr/bin/env python3
"""A second reader of archives, written from tubepost-archive(5) alone: prints the message with an id,
or (--ids) what is in the packs, or (--prove) computes roots and links. It shares no code with
lib/archive, and uses the program zstd."""
import base64
import glob
import hashlib
import hmac
import os
import struct
import subprocess
import sys

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def unzstd(frame):
    return subprocess.run(["zstd", "-dc"], input=frame, stdout=subprocess.PIPE, check=True).stdout


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def zigzag(value):
    return value >> 1 if value % 2 == 0 else -((value + 1) >> 1)


def base32(value, digits):
    return "".join(DIGITS[value >> 5 * i & 31] for i in reversed(range(digits)))


def identify(arrival, sha256, sender, rcpts):
    delivery = hashlib.sha256(
        sha256 + sender + b"\0" + b"".join(r + b"\0" for r in sorted(set(rcpts)))).digest()
    time = min(max(arrival, 0), (1 << 50) - 1)
    return base32(time, 10) + base32(int.from_bytes(delivery[:4], "big") >> 2, 6)


class Archive:
    def __init__(self, path):
        self.path = path
        self.key = None
        if "TEST_KEY_FILE" in os.environ:
            with open(os.environ["TEST_KEY_FILE"], "rb") as file:
                self.key = bytes.fromhex(file.read().decode().strip())

    def open_piece(self, stored, about, encrypted):
        if encrypted:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            stored = AESGCM(self.key).decrypt(stored[:12], stored[12:], about)
        return stored

    # --- blobs

    def blob(self, sha256):
        name = sha256
        if self.key:
            name = hmac.digest(self.key, b"tubepost blob\0" + sha256 + b"\xff" * 8, "sha256")
        name = name.hex()
        with open(f"{self.path}/blob/{name[:2]}/{name}.tpb", "rb") as file:
            data = file.read()
        assert data[:8] == b"tubeblob"
        version, flags, size, length = struct.unpack_from("<IIQQ", data, 8)
        assert version == 1 and length == len(data)
        content, at, number = b"", 72, 0
        while at < length:
            stored, plain = struct.unpack_from("<II", data, at)
            about = b"tubepost blob\0" + sha256 + struct.pack("<Q", number)
            piece = unzstd(self.open_piece(data[at + 8:at + 8 + stored], about, flags & 1))
            assert len(piece) == plain
            content += piece
            at += 8 + stored
            number += 1
        assert len(content) == size and hashlib.sha256(content).digest() == sha256
        return content

    def fill(self, skeleton, holes):
        size, at = varint(holes, 0)
        assert size == len(skeleton)
        count, at = varint(holes, at)
        out, done, place = b"", 0, 0
        for _ in range(count):
            delta, at = varint(holes, at)
            size, at = varint(holes, at)
            sha256 = holes[at:at + 32]
            width, at = varint(holes, at + 32)
            flags, at = varint(holes, at)
            content = self.blob(sha256)
            assert len(content) == size
            digits = base64.b64encode(content)
            width = width or len(digits)
            end = b"\r\n" if flags & 1 else b"\n"
            lines = [digits[i:i + width] for i in range(0, len(digits), width)]
            place += delta
            out += skeleton[done:place] + end.join(lines) + (end if flags & 2 else b"")
            done = place
        assert at == len(holes)
        return out + skeleton[done:]

    # --- packs

    def packs(self):
        for path in sorted(glob.glob(self.path + "/pack/*.tpp") + glob.glob(self.path + "/cellar/*.tpp")):
            yield Pack(self, path)

    # --- journals

    def journal(self, path):
        """id, message for each record."""
        with open(path, "rb") as file:
            data = file.read()
        if len(data) < 32:
            return
        assert data[:8] == b"tpjournl"
        version, number, flags = struct.unpack_from("<III", data, 8)
        assert version == 1
        at = 32
        while at + 16 <= len(data) and data[at:at + 4] == b"TPJr":
            head, erased = struct.unpack_from("<HH", data, at + 4)
            length, where, facts_len, pieces_len = struct.unpack_from("<QQQQ", data, at + 8)
            assert where == at
            if at + length > len(data):
                return
            if not erased & 1:
                mail_id = data[at + 48:at + 64].decode()
                about = b"journal\0" + struct.pack("<I", number) + data[20:24] + struct.pack("<Q", at)
                begin = at + head
                facts = self.open_piece(data[begin:begin + facts_len],
                                        about + struct.pack("<Q", 0), flags & 1)
                skeleton, piece, number_of = b"", begin + facts_len, 0
                while piece < begin + facts_len + pieces_len:
                    size, = struct.unpack_from("<I", data, piece)
                    number_of += 1
                    skeleton += unzstd(self.open_piece(
                        data[piece + 4:piece + 4 + size], about + struct.pack("<Q", number_of),
                        flags & 1))
                    piece += 4 + size
                record, = struct.unpack_from("<I", facts)
                holes = facts[4 + record:]
                yield mail_id, self.fill(skeleton, holes)
            at += length


class Pack:
    def __init__(self, archive, path):
        self.archive = archive
        with open(path, "rb") as file:
            self.data = data = file.read()
        assert data[:8] == b"TPPACK01"
        (self.number, self.flags, size, self.stream_bytes, self.messages, blocks, groups, journals,
         at) = struct.unpack_from("<IIQQIIIIQ", data, 8)
        assert size == len(data) == at + 20 * blocks + 40 * groups + 4 * journals
        self.root, self.before, self.link = (data[i:i + 32] for i in (56, 88, 120))
        self.blocks = [struct.unpack_from("<QIII", data, at + 20 * i) for i in range(blocks)]
        at += 20 * blocks
        self.groups = [struct.unpack_from("<QIIII16s", data, at + 40 * i) for i in range(groups)]
        at += 40 * groups
        self.journals = struct.unpack_from(f"<{journals}I", data, at)

    def piece(self, kind, number, entry):
        about = b"TPPACK01" + struct.pack("<IIII", self.number, ord(kind), number, entry[2])
        stored = self.data[entry[0]:entry[0] + entry[1]]
        plain = unzstd(self.archive.open_piece(stored, about, self.flags & 1))
        assert len(plain) == entry[2]
        return plain

    def directory(self):
        """A dict for each message, in order."""
        for number, group in enumerate(self.groups):
            end = self.groups[number + 1][4] if number + 1 < len(self.groups) else self.messages
            yield from self.group(self.piece("G", number, group), end - group[4])

    def group(self, data, count):
        mails = [{"sha256": data[32 * i:32 * i + 32], "flags": data[32 * count + i]}
                 for i in range(count)]
        at = 33 * count
        for mail in mails:
            if mail["flags"]:
                mail["id"] = data[at:at + 16].decode()
                at += 16
            if mail["flags"] & 2:
                at += 32
        arrival = 0
        for mail in mails:
            delta, at = varint(data, at)
            arrival += zigzag(delta)
            mail["arrival"] = arrival
        living = [mail for mail in mails if not mail["flags"] & 1]
        for column in ("begin", "skeleton", "extra"):
            for mail in living:
                mail[column], at = varint(data, at)

        def texts(column, counts):
            nonlocal at
            for mail, n in zip(living, counts):
                mail[column] = []
                for _ in range(n):
                    end = data.index(b"\0", at)
                    mail[column].append(data[at:end])
                    at = end + 1

        one = [1] * len(living)
        texts("sender", one)
        counts = []
        for mail in living:
            n, at = varint(data, at)
            counts.append(n)
        texts("rcpts", counts)
        for column in ("from", "to", "subject", "actor"):
            texts(column, one)
        sizes = []
        for mail in living:
            n, at = varint(data, at)
            sizes.append(n)
        for mail, n in zip(living, sizes):
            mail["holes"] = data[at:at + n]
            at += n
        assert at == len(data)
        for mail in living:
            mail["size"] = mail["skeleton"] + zigzag(mail["extra"])
            if not mail["flags"]:
                mail["id"] = identify(mail["arrival"], mail["sha256"], mail["sender"][0],
                                      mail["rcpts"])
        return mails

    def stream(self, begin, length):
        out, at = b"", 0
        for number, block in enumerate(self.blocks):
            if at < begin + length and begin < at + block[2]:
                plain = self.piece("B", number, block)
                out += plain[max(begin - at, 0):begin + length - at]
            at += block[2]
        return out

    def message(self, mail):
        skeleton = self.stream(mail["begin"], mail["skeleton"])
        message = self.archive.fill(skeleton, mail["holes"]) if mail["holes"] else skeleton
        assert len(message) == mail["size"]
        assert hashlib.sha256(message).digest() == mail["sha256"]
        return message

    def prove(self):
        """The Merkle root as RFC 9162 2.1.1 defines it, and the link."""
        def tree(leaves):
            if len(leaves) == 1:
                return hashlib.sha256(b"\0" + leaves[0]).digest()
            k = 1
            while 2 * k < len(leaves):
                k *= 2
            return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()
        assert tree([m["id"].encode() + m["sha256"] for m in self.directory()]) == self.root
        assert self.link == hashlib.sha256(
            b"TPPACK01" + struct.pack("<II", self.number, self.messages) + self.before +
            self.root).digest()


def main():
    archive = Archive(sys.argv[1])
    if sys.argv[2] == "--ids":
        for pack in archive.packs():
            for mail in pack.directory():
                print(mail["id"], "erased" if mail["flags"] & 1 else mail["subject"][0].decode())
        return None
    if sys.argv[2] == "--prove":
        before = bytes(32)
        for pack in archive.packs():
            pack.prove()
            assert pack.before == before
            before = pack.link
        return None
    for pack in archive.packs():
        for mail in pack.directory():
            if mail["id"] == sys.argv[2] and not mail["flags"] & 1:
                sys.stdout.buffer.write(pack.message(mail))
                return None
    for path in sorted(glob.glob(archive.path + "/journal/*.tpj")):
        for mail_id, message in archive.journal(path):
            if mail_id == sys.argv[2]:
                sys.stdout.buffer.write(message)
                return None
    return 1


if __name__ == "__main__":
    sys.exit(main())
