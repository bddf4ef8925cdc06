#!/bin/sh
# dvd-list --json: the members that dvd-list(1) names and no others, of the types that it says, at every step of
# a disc's life; and the same facts as in the columns.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl python3

make_archive || exit 99
dvd-pack -q -a A --serial KWRTPM - <ids >image.iso || exit 99
head -n 5 ids | dvd-pack -q -a A --serial ABCDEF --medium 650M - >other.iso || exit 99
cat >look.py <<'XXX'
import json, re, subprocess, sys
page = open(sys.argv[1]).read()
text = page[page.index('Print one JSON object a line'):page.index('.It Fl c , -config')]
named = [[w for line in part.splitlines() if line.startswith('.Cm') for w in line[3:].replace(',', ' ').split()]
         for part in re.split(r'^Of(?: a disc:| what)?$', text, flags=re.M)[1:]]
disc, mails, faults = named
mails, faults = ([w for w in words if w.isalpha() and w not in ('mails', 'verify')] for words in (mails, faults))
steps = ['made', 'burnt', 'verified', 'shipped', 'received', 'lost']


def ask(*words):
    out = subprocess.run(['dvd-list', '-a', 'A', *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return out.decode()


def objects(*words):
    return [json.loads(line) for line in ask('--json', *words).splitlines()]


def when(text):
    return text is None or re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', text)


def check(done, state):
    found = objects()
    assert [d['serial'] for d in found] == ['KWRTPM', 'ABCDEF'], found
    assert [d['medium'] for d in found] == ['dvd', 'size']
    d = found[0]
    assert list(d) == disc, (list(d), disc)
    assert [k for k in steps if d[k]] == done, d
    assert d['state'] == state, d
    assert all(type(d[k]) is int for k in ('number', 'sectors', 'mails', 'bytes')), d
    assert all(when(d[k]) for k in steps + ['first', 'last', 'left']), d
    assert all(re.fullmatch('[0-9a-f]{64}', d[k]) for k in ('content', 'image')), d
    assert objects('KWRTPM') == [d] and objects('kwrtpm') == [d]
    day = lambda text: text[:10] if text else '-'
    columns = [d['serial'], d['state'], str(d['mails']), str(d['bytes'])] + [day(d[k]) for k in
               ('first', 'last', 'made', 'burnt', 'verified', 'shipped', 'received', 'left')]
    assert ask('KWRTPM').rstrip('\n').split('\t') == columns, (ask('KWRTPM'), columns)
    return d


def check_mails(d):
    listed = objects('mails', 'KWRTPM')
    assert all(list(m) == mails for m in listed), (listed[0], mails)
    assert [m['id'] for m in listed] == open('ids').read().split()
    assert len(listed) == d['mails'] and sum(m['size'] for m in listed) == d['bytes']
    image = open('image.iso', 'rb').read()
    for m in listed:
        original = subprocess.run(['archive-get', '-a', 'A', m['id']], stdout=subprocess.PIPE).stdout
        assert image[m['sector'] * 2048:][:m['size']] == original, m
    assert ask('mails', 'KWRTPM') == ''.join(f"{m['id']}\t{m['size']}\t{m['path']}\n" for m in listed)
    return listed


def check_faults(listed):
    last = max(listed, key=lambda m: m['sector'])
    image = bytearray(open('image.iso', 'rb').read())
    image[last['sector'] * 2048] ^= 1
    image[0] ^= 1
    open('bad.iso', 'wb').write(image)
    told = objects('verify', 'KWRTPM', 'bad.iso')
    assert all(list(f) == faults for f in told), (told, faults)
    assert [f for f in told if f['id'] is None] == [{'sector': 0, 'sectors': 16, 'id': None, 'path': None}], told
    assert any(f['id'] == last['id'] and f['path'] == last['path'] for f in told), told
    lines = ask('verify', 'KWRTPM', 'bad.iso')
    assert lines == ''.join(f"{f['sector']}-{f['sector'] + f['sectors'] - 1}\t{f['id'] or '-'}\t{f['path'] or '-'}\n"
                            for f in told), (lines, told)


d = check(['made'], 'made')
check_faults(check_mails(d))
done = ['made']
for word, step in (('burnt', 'burnt'), ('verify', 'verified'), ('shipped', 'shipped'), ('received', 'received'), ('lost', 'lost')):
    ask(word, 'KWRTPM', *(['image.iso'] if word == 'verify' else []))
    done.append(step)
    check(done, step)
ask('verify', 'KWRTPM', 'image.iso')
check(done, 'lost')
XXX
ok 'what is printed is what dvd-list(1) says' python3 look.py "$SRC/man/dvd-list.1"
done_testing
