# An independent check of a bag (RFC 8493): declaration, manifests complete both ways, Payload-Oxum, and
# what tubepost promises beyond it. Prints what is wrong; exit 1.
#   check-bag.py FOLDER
import hashlib, os, re, sys

root = sys.argv[1]
wrong = []


def digest(path):
    with open(os.path.join(root, path), 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


def manifest(name):
    entries = {}
    with open(os.path.join(root, name), encoding='utf-8', newline='') as f:
        for line in f.read().split('\n')[:-1]:
            m = re.fullmatch(r'([0-9a-f]{64})[ \t]+\*?(.+)', line)
            if not m:
                wrong.append(f'{name}: {line!r}')
            elif m[2] in entries:
                wrong.append(f'{name}: {m[2]} twice')
            else:
                entries[m[2]] = m[1]
    return entries


there = {os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs}
payload = {f for f in there if f.startswith('data/')}
listed = manifest('manifest-sha256.txt')
tags = manifest('tagmanifest-sha256.txt')

if open(os.path.join(root, 'bagit.txt'), 'rb').read() != \
        b'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n':
    wrong.append('bagit.txt')
if set(listed) != payload:
    wrong.append(f'payload and manifest differ: {sorted(set(listed) ^ payload)[:5]}')
beside = there - payload - {'tagmanifest-sha256.txt', 'tagmanifest-sha256.txt.p7s'}
if set(tags) != beside:
    wrong.append(f'tags and tagmanifest differ: {sorted(set(tags) ^ beside)[:5]}')
for path, hash in list(listed.items()) + list(tags.items()):
    if path in there and digest(path) != hash:
        wrong.append(f'{path}: hash')

info = dict(line.split(': ', 1) for line in
            open(os.path.join(root, 'bag-info.txt'), encoding='utf-8').read().splitlines())
size = sum(os.path.getsize(os.path.join(root, f)) for f in payload)
if info.get('Payload-Oxum') != f'{size}.{len(payload)}':
    wrong.append(f"Payload-Oxum: {info.get('Payload-Oxum')}, not {size}.{len(payload)}")

folders = {}
for path in payload:
    m = re.fullmatch(r'data/(\d{4})/(\d\d)(-\d{3})?/((\d{4})(\d\d)\d\d-\d{6}_[0-9a-z]{16}'
                     r'(_[a-z0-9]([a-z0-9-]*[a-z0-9])?)?\.eml)', path)
    if not m or len(m[4]) > 60 or (m[1], m[2]) != (m[5], m[6]):
        wrong.append(f'name: {path}')
    folders[os.path.dirname(path)] = folders.get(os.path.dirname(path), 0) + 1
if folders and max(folders.values()) > 2000:
    wrong.append('a folder of more than 2,000 files')

for w in wrong[:20]:
    print(w)
sys.exit(1 if wrong else 0)
