# Forges a pack: other bytes in a message, and every checksum made right, so that nothing but the message's
# own hash tells. Prints how many times TEXT was there; TEXT and OTHER are of one length.
#   forge-pack.py PACK TEXT OTHER
import struct
import subprocess
import sys

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def zstd(*options, data):
    return subprocess.run(['zstd', '-q', '-c', *options], input=data, stdout=subprocess.PIPE, check=True).stdout


path, text, other = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode()
assert len(text) == len(other)
data = open(path, 'rb').read()
blocks, groups = struct.unpack_from('<II', data, 36)
tables_at, = struct.unpack_from('<Q', data, 48)
at, count, pieces, tables = 168, 0, b'', b''

for i in range(blocks + groups):
    entry = tables_at + (20 * i if i < blocks else 20 * blocks + 40 * (i - blocks))
    begin, stored, raw, crc = struct.unpack_from('<QIII', data, entry)
    piece = data[begin:begin + stored]
    assert crc == crc32c(piece)
    plain = zstd('-d', data=piece) if i < blocks else b''
    if text in plain:
        count += plain.count(text)
        # From a file zstd knows the size, which it writes into the frame.
        with open('forged-block', 'wb') as f:
            f.write(plain.replace(text, other))
        piece = zstd('--check', 'forged-block', data=b'')
    tables += struct.pack('<QIII', at, len(piece), raw, crc32c(piece))
    tables += b'' if i < blocks else data[entry + 20:entry + 40]
    pieces += piece
    at += len(piece)

tables += data[tables_at + 20 * blocks + 40 * groups:]
header = bytearray(data[:168])
struct.pack_into('<Q', header, 16, at + len(tables))
struct.pack_into('<Q', header, 48, at)
struct.pack_into('<I', header, 160, crc32c(tables))
struct.pack_into('<I', header, 164, crc32c(header[:164]))
with open(path, 'wb') as f:
    f.write(bytes(header) + pieces + tables)
print(count)
