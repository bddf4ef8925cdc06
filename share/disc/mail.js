/*
 * A mail that its reader chose, taken apart for page.js: headers, text, files.
 *
 * A sender writes what he likes, so everything here takes time in proportion to the mail: one pass
 * over its lines for all parts, however they nest, and searches that never look at the same bytes again
 * and again, where a pattern that goes back would. What is beyond PARTS_MAX parts is told to be missing.
 *
 * Nothing is dropped because its form is wrong. What does not look like a header begins the text; parts
 * that never come leave what stands in their place.
 */
'use strict';
(function () {
	const PARTS_MAX = 1000, DEPTH_MAX = 50, VALUE_MAX = 100000;

	/* --- bytes and charsets: a mail is a string of bytes, 0 to 255 each ----------------------- */

	function bytesOf(text) {
		const bytes = new Uint8Array(text.length);

		for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
		return bytes;
	}

	/* What calls itself ASCII and is not is most likely UTF-8; browsers would say windows-1252. */
	function decode(text, charset) {
		const bytes = bytesOf(text), named = /^(?:us-)?ascii$/i.test(charset) ? '' : charset;

		for (const name of [named || 'utf-8', 'utf-8', 'windows-1252']) {
			try {
				return new TextDecoder(name, { fatal: name !== 'windows-1252' }).decode(bytes);
			} catch (error) { /* the next one */ }
		}
		return text;
	}

	/* The end of text[begin..end) without what is blank; no trimEnd, to which a byte of a letter, A0, is a space. */
	function withoutBlanks(text, begin, end) {
		for (; end > begin; end--) {
			const c = text.charCodeAt(end - 1);

			if (c !== 32 && c !== 9 && c !== 10 && c !== 13) break;
		}
		return end;
	}

	function trimmed(text, begin, end) {
		end = withoutBlanks(text, begin, end);
		while (begin < end && (text[begin] === ' ' || text[begin] === '\t')) begin++;
		return text.slice(begin, end);
	}

	/* Behind a `=` another piece may begin. A digit that is left alone says nothing. */
	function fromBase64(text) {
		return text.replace(/[^A-Za-z0-9+\/=]+/g, '').split(/=+/).map(function (piece) {
			return atob(piece.length % 4 === 1 ? piece.slice(0, -1) : piece);
		}).join('');
	}

	function fromHex(text, sign) {
		return text.replace(sign === '%' ? /%([0-9A-Fa-f]{2})/g : /=([0-9A-Fa-f]{2})/g, function (all, hex) {
			return String.fromCharCode(parseInt(hex, 16));
		});
	}

	function fromQuoted(text) {
		const lines = text.split('\n'), last = lines.length - 1;

		return fromHex(lines.map(function (line, i) {
			const kept = line.slice(0, withoutBlanks(line, 0, line.length));

			if (kept.endsWith('=')) return kept.slice(0, -1);
			return i === last ? kept : kept + (line.endsWith('\r') ? '\r\n' : '\n');
		}).join(''), '=');
	}

	/* --- headers ------------------------------------------------------------------------------ */

	/* RFC 2047. Words of one charset that follow one another are decoded as one, for some senders
	 * part them inside a letter. Raw bytes are most likely UTF-8. */
	function decodeHeader(value) {
		const pattern = /=\?([^?*\s]+)(?:\*[^?]*)?\?([BbQq])\?([^?]*)\?=/g;
		let text = '', at = 0, bytes = '', charset = null, found;
		const flush = function () {
			if (charset !== null) text += decode(bytes, charset);
			charset = null;
			bytes = '';
		};

		while ((found = pattern.exec(value))) {
			const gap = value.slice(at, found.index), name = found[1].toLowerCase();

			if (charset === null || /[^ \t\r\n]/.test(gap)) {
				flush();
				text += decode(gap, '');
			} else if (charset !== name) {
				flush();
			}
			charset = name;
			bytes += /b/i.test(found[2]) ? fromBase64(found[3]) : fromHex(found[3].replace(/_/g, ' '), '=');
			at = pattern.lastIndex;
		}
		flush();
		return text + decode(value.slice(at), '');
	}

	const KEPT = new Set(['from', 'to', 'cc', 'bcc', 'date', 'subject', 'content-type', 'content-disposition',
		'content-transfer-encoding']);

	function lineEnd(source, at) {
		const end = source.indexOf('\n', at);

		return end < 0 ? source.length : end + 1;
	}

	/* The header that begins there, and where its body does. It ends at an empty line, but also at
	 * one that is no header's, or a delimiter of what is open. */
	function readHeader(source, at, open) {
		const fields = new Map(), pattern = /[!-9;-~]+[ \t]*:/y, start = at;
		let value = null;

		while (at < source.length) {
			const end = lineEnd(source, at), stop = withoutBlanks(source, at, end), c = source.charCodeAt(at);

			if (c === 10 || (c === 13 && stop === at)) {
				at = end;
				break;
			}
			if (delimiterAt(source, at, stop, open)) break;
			pattern.lastIndex = at;
			if (c === 32 || c === 9) {
				if (at === start) break;
				if (value) value.push(trimmed(source, at, stop));
			} else if (pattern.test(source)) {
				const name = source.slice(at, pattern.lastIndex - 1).trim().toLowerCase();

				value = KEPT.has(name) && !fields.has(name) ? [trimmed(source, pattern.lastIndex, stop)] : null;
				if (value) fields.set(name, value);
			} else if (at !== start || !/^>?From /.test(source.slice(at, at + 6))) {
				break;
			}
			at = end;
		}
		return {
			end: at,
			get: function (name) {
				const text = (fields.get(name) || []).join(' ');

				return text.length > VALUE_MAX ? text.slice(0, VALUE_MAX) + '…' : text;
			}
		};
	}

	/* `kind; name=value`, and values in pieces or in a charset (RFC 2231). */
	function parameters(header) {
		const all = new Map(), pattern = /\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"?|([^;]*))/y;

		for (let at = header.indexOf(';'); at >= 0; at = header.indexOf(';', at)) {
			pattern.lastIndex = ++at;
			const found = pattern.exec(header);

			if (!found) continue;
			const name = found[1].toLowerCase(), plain = found[2] === undefined;
			let value = plain ? trimmed(found[3], 0, found[3].length) : found[2].replace(/\\([^])/g, '$1');

			/* Names of files have spaces, quoted or not. */
			if (plain && !/^(?:file)?name/.test(name)) value = value.split(/\s/, 1)[0];
			if (!all.has(name)) all.set(name, value);
			at = pattern.lastIndex;
		}
		return {
			kind: header.split(';', 1)[0].trim().toLowerCase(),
			get: function (name) {
				let bytes = '', charset = '', i = 0;
				const take = function (text, begins) {
					const found = begins && /^([^']*)'[^']*'/.exec(text);

					if (found) charset = found[1];
					bytes += fromHex(found ? text.slice(found[0].length) : text, '%');
				};

				if (all.has(name + '*')) {
					take(all.get(name + '*'), true);
					return decode(bytes, charset);
				}
				for (;; i++) {
					const key = name + '*' + i;

					if (all.has(key + '*')) take(all.get(key + '*'), !i);
					else if (all.has(key)) bytes += all.get(key);
					else break;
				}
				return i ? decode(bytes, charset) : decodeHeader(all.get(name) || '');
			}
		};
	}

	/* --- parts -------------------------------------------------------------------------------- */

	/* Which of the open multiparts this line belongs to, the innermost first: `--` and the whole of its
	 * boundary, and `--` once more when it ends. */
	function delimiterAt(source, at, stop, open) {
		if (!open.length || !source.startsWith('--', at)) return null;
		const line = source.slice(at, stop);

		for (let level = open.length - 1; level >= 0; level--) {
			const delimiter = open[level].delimiter;

			if (line === delimiter) return { level: level, closes: false };
			if (line.length === delimiter.length + 2 && line.endsWith('--') && line.startsWith(delimiter))
				return { level: level, closes: true };
		}
		return null;
	}

	/* The first delimiter from the line `at` on: its level (-1: there is none), where the body before it stops,
	 * and where what follows begins. */
	function nextDelimiter(source, at, open) {
		let line = at;

		while (open.length && line < source.length) {
			line = source.indexOf('\n--', line - 1) + 1;
			if (!line) break;
			const end = lineEnd(source, line), found = delimiterAt(source, line, withoutBlanks(source, line, end), open);

			if (found) {
				const crlf = source[line - 2] === '\r' ? 2 : 1;

				return { level: found.level, closes: found.closes, stop: Math.max(at, line - crlf), end: end };
			}
			line = end;
		}
		return { level: -1, closes: true, stop: source.length, end: source.length };
	}

	const TEXTS = new Set(['', 'text', 'text/plain', 'text/html', 'message/delivery-status', 'text/rfc822-headers']);

	function takePart(mail, header, type, body, alternative) {
		const encoding = header.get('content-transfer-encoding').toLowerCase(), disposition = parameters(header.get('content-disposition'));
		const content = /^base64/.test(encoding) ? fromBase64(body) : /^quoted-printable/.test(encoding) ? fromQuoted(body) : body;
		const isText = TEXTS.has(type.kind) || /^multipart\//.test(type.kind);

		if (isText && disposition.kind !== 'attachment')
			mail.texts.push({ html: type.kind === 'text/html', alternative: alternative, text: decode(content, type.get('charset')) });
		else
			mail.files.push({ name: disposition.get('filename') || type.get('name'), kind: type.kind, content: content });
	}

	function read(source) {
		const mail = { header: null, texts: [], files: [], cut: false }, open = [];
		let at = source.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0, next;

		for (let n = 0; at >= 0; n++) {
			if (n === PARTS_MAX) {
				mail.cut = true;
				break;
			}
			const header = readHeader(source, at, open), type = parameters(header.get('content-type'));
			const boundary = /^multipart\//.test(type.kind) ? type.get('boundary').trim() : '';

			if (!mail.header) mail.header = header;
			if (boundary && open.length < DEPTH_MAX) {
				open.push({ delimiter: '--' + boundary, number: n + 1, alternative: type.kind === 'multipart/alternative' });
				next = nextDelimiter(source, header.end, open);
				if (next.level === open.length - 1 && !next.closes) {
					at = next.end;
					continue;
				}
				open.pop();
			}
			const around = open.filter(function (level) { return level.alternative; }).pop();

			next = nextDelimiter(source, header.end, open);
			takePart(mail, header, type, source.slice(header.end, next.stop), around ? around.number : 0);
			for (at = -1; next.level >= 0 && at < 0;) {
				open.length = next.level + (next.closes ? 0 : 1);
				if (next.closes) next = nextDelimiter(source, next.end, open);
				else at = next.end;
			}
		}
		return mail;
	}

	/* --- HTML as text ------------------------------------------------------------------------- */

	/* The names of HTML 4 that mails use, those of U+00A0 to U+00FF in order. */
	const ENTITIES = new Map();

	('nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
		'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute ' +
		'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute ' +
		'THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ' +
		'ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml').split(' ')
		.forEach(function (name, i) { ENTITIES.set(name, String.fromCharCode(160 + i)); });
	('amp & lt < gt > quot " apos \' euro € ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ lsaquo ‹ rsaquo › ' +
		'hellip … bull • trade ™ dagger † Dagger ‡ permil ‰ prime ′ OElig Œ oelig œ Scaron Š scaron š Yuml Ÿ fnof ƒ circ ˆ tilde ˜ ' +
		'larr ← uarr ↑ rarr → darr ↓ minus − ne ≠ le ≤ ge ≥ infin ∞ asymp ≈').split(' ')
		.forEach(function (word, i, all) { if (i % 2) ENTITIES.set(all[i - 1], word); });
	['ensp', 'emsp', 'thinsp'].forEach(function (name) { ENTITIES.set(name, ' '); });
	['shy', 'zwnj', 'zwj', 'lrm', 'rlm'].forEach(function (name) { ENTITIES.set(name, ''); });

	function entity(all, decimal, hex, name) {
		if (name) return ENTITIES.has(name) ? ENTITIES.get(name) : all;
		const code = decimal ? +decimal : parseInt(hex, 16);

		/* What browsers take 128 to 159 for. */
		if (code >= 128 && code < 160) return decode(String.fromCharCode(code), 'windows-1252');
		return !code || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? '\ufffd' : String.fromCodePoint(code);
	}

	function resolve(text) {
		return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,30}));/g, entity);
	}

	/* How many line ends a tag stands for, at its begin and at its end. */
	const BREAKS = new Map();

	'address article aside caption center dd dir div dt fieldset figure figcaption footer form header li main nav section tbody thead tr'
		.split(' ').forEach(function (name) { BREAKS.set(name, 1); });
	'blockquote dl h1 h2 h3 h4 h5 h6 hr ol p pre table ul'.split(' ').forEach(function (name) { BREAKS.set(name, 2); });

	/* Finds where tags end. A `>` in a quoted value ends none, unless a quote is left open. */
	function tagScanner(html) {
		const last = { '>': html.lastIndexOf('>'), '"': html.lastIndexOf('"'), "'": html.lastIndexOf("'") };
		const sign = /[>"']/g;
		let quotes = true;

		/* Behind the tag that begins at `at`; -1: it has no end. */
		return function (at) {
			if (at > last['>']) return -1;
			sign.lastIndex = at;
			for (let found; quotes && (found = sign.exec(html));) {
				const c = found[0];

				if (c === '>') return sign.lastIndex;
				if (!/=\s?$/.test(html.slice(Math.max(0, found.index - 2), found.index))) continue;
				if (found.index >= last[c]) break;
				sign.lastIndex = html.indexOf(c, found.index + 1) + 1;
			}
			/* An open quote hides all tags that follow: so it is no quote, nor is any other. */
			quotes = false;
			return html.indexOf('>', at) + 1;
		};
	}

	/* Finds the end of what is no text: behind </name>, or -1; what was not found once is not looked for again. */
	function closeFinder(html) {
		const missing = new Set();

		return function (name, at) {
			const pattern = new RegExp('</' + name + '(?![\\w-])[^<>]*>', 'gi');

			if (missing.has(name)) return -1;
			pattern.lastIndex = at;
			if (pattern.test(html)) return pattern.lastIndex;
			missing.add(name);
			return -1;
		};
	}

	/* Collects text: white space is one space, and breaks wait until there is something behind them. */
	function textWriter() {
		const pieces = [];
		let breaks = 0, blank = true;
		const put = function (text) {
			if (breaks && pieces.length) pieces.push('\n'.repeat(breaks));
			breaks = 0;
			pieces.push(text);
		};

		return {
			lineEnds: function (count, more) {
				breaks = more ? Math.min(2, breaks + count) : Math.max(breaks, count);
				blank = true;
			},
			cell: function () {
				if (!blank) put('  ');
				blank = true;
			},
			add: function (html, kept) {
				let text = kept ? html : html.replace(/[ \t\r\n\f]+/g, ' ');

				if (!kept && blank && text[0] === ' ') text = text.slice(1);
				if (!text) return;
				put(resolve(text));
				blank = text[text.length - 1] === ' ';
			},
			end: function () {
				return pieces.join('').split('\n').map(function (line) { return line.trimEnd(); }).join('\n').trim();
			}
		};
	}

	/* Tags go, and nothing of them is ever put into the page as markup. */
	function plain(html) {
		const out = textWriter(), tagEnd = tagScanner(html), closeOf = closeFinder(html), tag = /<(\/?)([A-Za-z][A-Za-z0-9]*)/y;
		const lastComment = html.lastIndexOf('-->');
		let pre = 0;

		for (let at = 0; at < html.length;) {
			let open = html.indexOf('<', at), end;

			out.add(html.slice(at, open < 0 ? html.length : open), pre > 0);
			if (open < 0) break;
			if (html.startsWith('<!--', open) && lastComment >= open + 2) {
				at = html.indexOf('-->', open + 2) + 3;
				continue;
			}
			end = /[A-Za-z\/!?]/.test(html[open + 1] || '') ? tagEnd(open) : open;
			if (end <= open) { /* no tag; when none ends any more, all the rest is text */
				end = end < 0 ? html.length : open + 1;
				out.add(html.slice(open, end), pre > 0);
				at = end;
				continue;
			}
			at = end;
			tag.lastIndex = open;
			const found = tag.exec(html), name = found ? found[2].toLowerCase() : '', closes = found && found[1];

			if (name === 'br') out.lineEnds(1, true);
			else if (BREAKS.has(name)) out.lineEnds(BREAKS.get(name), false);
			else if (name === 'td' || name === 'th') out.cell();
			if (name === 'li' && !closes) out.add('• ', false);
			if (name === 'pre') pre = Math.max(0, pre + (closes ? -1 : 1));
			if (!closes && (name === 'style' || name === 'script' || name === 'title')) at = Math.max(at, closeOf(name, at));
		}
		return out.end();
	}

	/* What there is to read. Of alternatives the plain text, when it says anything. */
	function text(mail) {
		const told = new Set(mail.texts.filter(function (t) { return !t.html && /\S/.test(t.text); })
			.map(function (t) { return t.alternative; }));

		const all = mail.texts.filter(function (t) { return !(t.html && t.alternative && told.has(t.alternative)); })
			.map(function (t) { return t.html ? plain(t.text) : t.text.replace(/\r\n?/g, '\n').trimEnd(); })
			.filter(Boolean).join('\n\n');
		const said = all.search(/\S/);

		return said < 0 ? '' : all.slice(all.lastIndexOf('\n', said) + 1);
	}

	window.tubepostMail = { read: read, text: text, bytesOf: bytesOf, decodeHeader: decodeHeader };
}());
