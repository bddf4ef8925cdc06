/*
 * The page that searches a disc. The lists of mails are scripts, search/mails-NNN.js, that are loaded when
 * a search needs them, the newest mails first. Each holds columns of distinct texts; a word is looked
 * for in a folded column as a whole, and the rows that use a text that has it are the hits.
 *
 * Whatever a mail says is put into the page as text (textContent), never as markup, and links are made
 * of checked paths alone. For browsers of many years: no modules, no network, nothing from elsewhere.
 */
'use strict';
(function () {
	const PAGE = 50;
	const COLUMNS = ['from', 'to', 'subject'];
	const $ = function (id) { return document.getElementById(id); };

	/* --- words ------------------------------------------------------------------------------ */

	const WORDS = window.tubepostWords;

	if (!WORDS) {
		complain('search/words.js cannot be read from the disc. The mails are in the folder “data”, by year and month.');
		return;
	}
	let language = 'en', locale, words = WORDS.en, dates, days, counts, plurals;

	function say(name) {
		const values = arguments;

		return words[name].replace(/\{(\d)\}/g, function (all, i) { return values[+i + 1]; });
	}

	function mails(n) { return n === 0 ? words.none : n === 1 ? words.mail : say('mails', counts.format(n)); }

	function size(bytes) {
		let unit = 0;

		for (; bytes >= 999.5 && unit < 3; unit++) bytes /= 1000;
		const digits = unit && bytes < 9.95 ? 1 : 0;

		return bytes.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }) +
			' ' + (!unit && plurals.select(bytes) === 'one' ? words.byte : words.unit[unit]);
	}

	function speak(code) {
		language = code;
		words = WORDS[code];
		locale = code === 'en' ? 'en-GB' : code; /* days before months, and 24 hours */
		dates = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
		days = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });
		counts = new Intl.NumberFormat(locale);
		plurals = new Intl.PluralRules(locale);
		document.documentElement.lang = code;
		document.querySelectorAll('[data-word]').forEach(function (node) { node.textContent = words[node.dataset.word]; });
		document.querySelectorAll('[data-hint]').forEach(function (node) { node.placeholder = words[node.dataset.hint]; });
		document.querySelectorAll('[data-label]').forEach(function (node) { node.setAttribute('aria-label', words[node.dataset.label]); });
		document.querySelectorAll('#languages button').forEach(function (node) {
			node.setAttribute('aria-pressed', String(node.lang === code));
		});
		if (facts) introduce();
	}

	/* --- folding: what archive-find does ----------------------------------------------------- */

	const SPELLED = { 'æ': 'ae', 'œ': 'oe', 'ø': 'o', 'ł': 'l', 'đ': 'd', 'ð': 'd', 'þ': 'th', 'ħ': 'h',
		'ŧ': 't', 'ı': 'i', '“': '"', '”': '"', '„': '"' };

	/* A run of characters beyond ASCII: marks and what cannot be seen go, case goes, look-alike signs are
	 * one. Runs repeat: what each becomes is kept. */
	const runs = new Map();

	function foldRun(run) {
		let folded = runs.get(run);

		if (folded !== undefined) return folded;
		/* Marks go first: to bring thousands of them into order takes the square of their number. */
		folded = run.replace(/\p{M}+/gu, '').normalize('NFKD')
			.replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
			.replace(/[\u2018\u2019\u02bc\u02c8]/g, "'")
			.replace(/[\p{Pd}\u2212]/gu, '-')
			.replace(/[\u2044\u2215]/g, '/').replace(/\u2236/g, ':').replace(/\u2216/g, '\\')
			.replace(/[\u2039\u2329\u3008]/g, '<').replace(/[\u203a\u232a\u3009]/g, '>')
			.replace(/[\u02c4\u02c6\u2038\u2303]/g, '^').replace(/[\p{Pc}\u02cd]/gu, '_')
			.replace(/\u02cb/g, '`').replace(/\u2223/g, '|').replace(/\u223c/g, '~')
			.toLowerCase().toUpperCase().toLowerCase().replace(/\u03c2/g, '\u03c3')
			.normalize('NFKD').replace(/\p{M}/gu, '')
			.replace(/[æœøłđðþħŧı“”„]/g, function (c) { return SPELLED[c]; })
			.replace(/[\p{Z}\p{Cc}]+/gu, ' ');
		if (runs.size < 100000) runs.set(run, folded);
		return folded;
	}

	/* In a column line ends part texts, and tabs the pieces of one. */
	function foldColumn(text) {
		return text.toLowerCase().replace(/[^\n\t -~]+/g, foldRun).replace(/ {2,}/g, ' ');
	}
	function fold(text) { return foldColumn(text.replace(/[\p{Z}\p{Cc}]+/gu, ' ')); }

	/* --- lists ------------------------------------------------------------------------------- */

	let facts = null; /* what search/about.js says */
	const shards = []; /* those loaded */
	const waiting = {};

	const policy = window.trustedTypes ? window.trustedTypes.createPolicy('tubepost', {
		createScriptURL: function (url) {
			if (!/^search\/mails-\d+\.js$/.test(url)) throw new TypeError(url);
			return url;
		}
	}) : null;

	function shardUrl(n) { return 'search/mails-' + String(n + 1).padStart(3, '0') + '.js'; }

	function load(n) {
		if (shards[n]) return Promise.resolve(shards[n]);
		if (waiting[n]) return waiting[n];
		waiting[n] = new Promise(function (resolve, reject) {
			const script = document.createElement('script');
			const url = shardUrl(n);
			const done = function () {
				script.remove();
				delete waiting[n];
				if (shards[n]) resolve(shards[n]);
				else reject(new Error(url));
			};

			script.charset = 'utf-8';
			script.onload = done;
			script.onerror = done;
			script.src = policy ? policy.createScriptURL(url) : url;
			document.head.appendChild(script);
		});
		return waiting[n];
	}

	/* A column: its texts as one, folded, and where each begins in that. */
	function makeColumn(list) {
		const folded = foldColumn(list), begins = [0];

		for (let at = folded.indexOf('\n'); at >= 0; at = folded.indexOf('\n', at + 1)) begins.push(at + 1);
		return { list: list, texts: null, folded: folded, begins: begins };
	}
	function textOf(column, i) {
		if (!column.texts) column.texts = column.list.split('\n');
		return column.texts[i];
	}

	/* Rows by time, or null when they are in order: ids, which order them, tell none before 1970 apart. */
	function orderOf(when) {
		if (when.every(function (ms, i) { return !i || ms >= when[i - 1]; })) return null;
		return Uint32Array.from(when.keys()).sort(function (a, b) { return when[a] - when[b] || a - b; });
	}

	function takeShard(n, data) {
		const when = new Float64Array(data.when.length), shard = { count: data.when.length, first: 0 };

		for (let i = 0, ms = 0; i < when.length; i++) when[i] = ms += data.when[i];
		shard.when = when;
		shard.order = orderOf(when);
		shard.size = data.size;
		shard.paths = data.paths.split('\n');
		COLUMNS.forEach(function (name) {
			shard[name] = makeColumn(data[name + 's']);
			shard[name].row = Uint32Array.from(data[name]);
		});
		shards[n - 1] = shard;
	}

	/* Paths share their beginning with the one before, but for every 64th. */
	function pathOf(shard, row) {
		let path = '';

		for (let i = row - row % 64; i <= row; i++) {
			const line = shard.paths[i];

			path = path.slice(0, parseInt(line.slice(0, 2), 36)) + line.slice(2);
		}
		return /^data\/[\w.\/-]+\.eml$/.test(path) && path.indexOf('..') < 0 ? path : '';
	}

	/* --- searching --------------------------------------------------------------------------- */

	/* Words and "words kept together"; from:, to: and subject: before one say where. */
	function split(text, name, terms) {
		const pattern = /(?:(from|to|subject):)?(?:"([^"]*)"?|(\S+))/giu;
		let found;

		while ((found = pattern.exec(text))) {
			const needle = fold(found[2] === undefined ? found[3] : found[2]).replace(/^ +| +$/g, '');
			const where = name === 'any' && found[1] ? found[1].toLowerCase() : name;

			if (name !== 'any' && found[1]) {
				const whole = fold(found[0].replace(/"/g, '')).trim();

				if (whole) terms.push({ name: name, needle: whole });
			} else if (needle) {
				terms.push({ name: where, needle: needle });
			}
		}
	}

	function dayOf(text) {
		const parts = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(text || '');

		if (!parts) return null;
		const day = new Date(2000, 0, 1);

		day.setFullYear(+parts[1], +parts[2] - 1, +parts[3]); /* a year below 100 is that year */
		return day;
	}

	function queryOf(state) {
		const query = { terms: [], since: -Infinity, until: Infinity }, since = dayOf(state.since), until = dayOf(state.until);

		split(state.q, 'any', query.terms);
		COLUMNS.forEach(function (name) { split(state[name], name, query.terms); });
		if (since) query.since = since.getTime();
		if (until) query.until = until.setDate(until.getDate() + 1);
		return query;
	}

	/* Which of the column's texts have it: a byte each. */
	function lookFor(column, needle) {
		const flags = new Uint8Array(column.begins.length), begins = column.begins;
		let i = 0;

		for (let at = column.folded.indexOf(needle); at >= 0;) {
			while (i + 1 < begins.length && begins[i + 1] <= at) i++;
			flags[i] = 1;
			if (i + 1 === begins.length) break;
			at = column.folded.indexOf(needle, begins[i + 1]);
		}
		return flags;
	}

	/* The rows of a shard, the oldest first. */
	function searchShard(shard, query) {
		const tests = query.terms.map(function (term) {
			return (term.name === 'any' ? COLUMNS : [term.name]).map(function (name) {
				return { row: shard[name].row, flags: lookFor(shard[name], term.needle) };
			});
		});
		const rows = [];

		for (let k = 0; k < shard.count; k++) {
			const i = shard.order ? shard.order[k] : k;

			if (shard.when[i] < query.since || shard.when[i] >= query.until) continue;
			let all = true;

			for (let t = 0; all && t < tests.length; t++) {
				let any = false;

				for (let c = 0; !any && c < tests[t].length; c++) any = tests[t][c].flags[tests[t][c].row[i]] === 1;
				all = any;
			}
			if (all) rows.push(i);
		}
		return rows;
	}

	/* A result: for each shard that was asked its rows; sorted by anything but date, one order of all. */
	let state = { q: '', from: '', to: '', subject: '', since: '', until: '', sort: '-date', page: 1 };
	let result = null, run = 0;

	function overlaps(n, query) {
		return facts.shards[n][1] < query.until && facts.shards[n][2] >= query.since;
	}

	function pause() { return new Promise(function (resolve) { setTimeout(resolve, 0); }); }

	/* Lists follow one another in time; those of mails before 1970 may not. */
	function inOrder() {
		return facts.shards.every(function (shard, n) { return !n || shard[1] >= facts.shards[n - 1][2]; });
	}

	/* Without words and dates inside a shard nothing has to be read to know how many there are. */
	function isWhole(n, query) {
		return !query.terms.length && facts.shards[n][1] >= query.since && facts.shards[n][2] < query.until;
	}

	async function search() {
		const mine = ++run, query = queryOf(state), byDate = /date$/.test(state.sort) && inOrder();
		const found = { parts: [], total: 0, order: null, missing: [] };

		hide('trouble');
		if (query.since >= query.until) complain(words.badDates);
		for (let n = facts.shards.length - 1; n >= 0; n--) {
			if (!overlaps(n, query)) continue;
			if (byDate && isWhole(n, query)) {
				found.parts.push({ shard: n, rows: null, count: facts.shards[n][0] });
				found.total += facts.shards[n][0];
				continue;
			}
			$('count').textContent = say('searching', counts.format(found.total));
			try {
				const rows = searchShard(await load(n), query);

				if (rows.length) found.parts.push({ shard: n, rows: rows, count: rows.length });
				found.total += rows.length;
			} catch (error) {
				found.missing.push(error.message);
			}
			await pause();
			if (mine !== run) return;
		}
		if (!byDate) found.order = sortRows(found);
		result = found;
		if (found.missing.length) complain(say('trouble', found.missing.join(', ')));
		await show(mine);
	}

	/* --- order ------------------------------------------------------------------------------- */

	function keyOf(shard, name, row) {
		const column = shard[name], i = column.row[row], next = column.begins[i + 1];
		const key = column.folded.slice(column.begins[i], next === undefined ? next : next - 1);
		const shown = key[0] === '\t' ? key.slice(1) : key.split('\t', 1)[0];

		return name === 'subject' ? shown.replace(/^(?:(?:re|fwd?|aw|wg|tr|rv) ?: ?)+/, '') : shown.replace(/^[ "'<]+/, '');
	}

	/* Pairs of shard and row in the order wanted; equal ones with the newest first. */
	function sortRows(found) {
		const name = state.sort.replace('-', ''), down = state.sort[0] === '-' ? -1 : 1, all = [];

		found.parts.forEach(function (part) {
			const shard = shards[part.shard];

			for (let i = part.rows.length - 1; i >= 0; i--) {
				const row = part.rows[i];

				all.push({ shard: part.shard, row: row, key: name === 'date' ? shard.when[row] : name === 'size' ? shard.size[row] : keyOf(shard, name, row) });
			}
		});
		all.sort(function (a, b) {
			return a.key < b.key ? -down : a.key > b.key ? down : b.shard - a.shard || b.row - a.row;
		});
		return all;
	}

	/* The pairs of a page. */
	function pageOf(found, page) {
		const begin = (page - 1) * PAGE, end = Math.min(begin + PAGE, found.total), pairs = [];

		if (found.order) return found.order.slice(begin, end);
		for (let at = begin; at < end; at++) {
			let i = state.sort === 'date' ? found.total - 1 - at : at, p = 0;

			for (; i >= found.parts[p].count; p++) i -= found.parts[p].count;
			const part = found.parts[p], back = part.count - 1 - i;

			/* Which row of a list that was not read comes then is known when it is. */
			pairs.push(part.rows ? { shard: part.shard, row: part.rows[back] } : { shard: part.shard, place: back });
		}
		return pairs;
	}

	/* --- showing ----------------------------------------------------------------------------- */

	function hide(id) { $(id).hidden = true; }

	function complain(text) {
		$('trouble').textContent = text;
		$('trouble').hidden = false;
	}

	function make(tag, text, name) {
		const node = document.createElement(tag);

		if (text !== undefined) node.textContent = text;
		if (name) node.className = name;
		return node;
	}

	/* Text of a sender, in its own direction. */
	function quoted(text, otherwise) {
		const node = make('bdi', text || otherwise);

		node.dir = 'auto';
		if (!text) node.className = 'nothing';
		return node;
	}

	/* "Name <address>" is the name in a list, all of it in the details. */
	function shortName(text) {
		const at = text.lastIndexOf('<'), name = at > 0 ? text.slice(0, at).trim().replace(/^"([^"]*)"$/, '$1') : '';

		return name || text.trim();
	}

	function shortNames(text) {
		const list = text.slice(0, 1000).match(/(?:"[^"]*"|<[^<>]*>|[^,])+/g) || [];

		return list.slice(0, 8).map(shortName).filter(Boolean).join(', ');
	}

	/* What the header says, and what the envelope has beside it. */
	function pieces(shard, name, row) {
		const text = textOf(shard[name], shard[name].row[row]), at = text.indexOf('\t');

		return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
	}

	/* A narrow window shows rows as blocks; browsers then forget that they are rows, unless told. */
	function part(tag, role, name) {
		const node = make(tag, undefined, name);

		node.setAttribute('role', role);
		return node;
	}

	function cell(row, name, node) {
		const td = part('td', 'cell', name);

		td.appendChild(node);
		row.appendChild(td);
		return td;
	}

	function person(shard, name, row) {
		const piece = pieces(shard, name, row), shown = shortNames(piece[0] || piece[1]), node = quoted(shown, words.nobody);

		node.title = piece[0] || piece[1];
		return node;
	}

	function details(shard, row, path) {
		const list = make('dl'), sender = pieces(shard, 'from', row), to = pieces(shard, 'to', row);
		const add = function (name, text) {
			if (!text) return;
			list.appendChild(make('dt', words[name]));
			list.appendChild(make('dd')).appendChild(quoted(text, ''));
		};
		const link = make('a', path);

		add('from', sender.filter(Boolean).join(' · '));
		add('to', to.filter(Boolean).join(' · '));
		add('subject', textOf(shard.subject, shard.subject.row[row]));
		add('sent', new Date(shard.when[row]).toLocaleString(locale, { dateStyle: 'full', timeStyle: 'long' }));
		add('size', size(shard.size[row]));
		link.href = path;
		link.onclick = function (event) { openMail(event, path); };
		list.appendChild(make('dt', words.file));
		list.appendChild(make('dd')).appendChild(link);
		return list;
	}

	function toggle(button, tr, shard, row, path) {
		const open = button.getAttribute('aria-expanded') === 'true';

		button.setAttribute('aria-expanded', String(!open));
		tr.className = open ? '' : 'open';
		if (open) {
			tr.nextSibling.remove();
		} else {
			const more = part('tr', 'row', 'details'), td = part('td', 'cell');

			td.colSpan = 6;
			td.appendChild(details(shard, row, path));
			more.appendChild(td);
			tr.after(more);
		}
	}

	function makeRow(pair) {
		const shard = shards[pair.shard], placed = shard.order ? shard.order[pair.place] : pair.place;
		const row = pair.row !== undefined ? pair.row : placed, tr = part('tr', 'row'), path = pathOf(shard, row);
		const subject = textOf(shard.subject, shard.subject.row[row]), link = make('a'), time = make('time', dates.format(shard.when[row]));
		const more = make('button', '⋯');

		time.dateTime = new Date(shard.when[row]).toISOString();
		link.href = path;
		link.title = subject || words.open;
		link.onclick = function (event) { openMail(event, path); };
		link.appendChild(quoted(subject, words.noSubject));
		more.type = 'button';
		more.setAttribute('aria-expanded', 'false');
		more.setAttribute('aria-label', words.details + ': ' + (subject || words.noSubject));
		more.onclick = function () { toggle(more, tr, shard, row, path); };
		cell(tr, 'date', time);
		cell(tr, 'from', person(shard, 'from', row));
		cell(tr, 'subject', link);
		cell(tr, 'to', person(shard, 'to', row));
		cell(tr, 'size', make('span', size(shard.size[row])));
		cell(tr, 'more', more);
		return tr;
	}

	function showPages(pages) {
		$('pages').hidden = pages < 2;
		$('place').textContent = say('place', counts.format(state.page), counts.format(pages));
		document.querySelectorAll('#pages button').forEach(function (button) {
			const back = button.dataset.go === 'first' || button.dataset.go === 'previous';

			button.disabled = back ? state.page <= 1 : state.page >= pages;
		});
		document.querySelectorAll('[data-sort]').forEach(function (button) {
			const is = state.sort.replace('-', '') === button.dataset.sort;

			button.parentNode.setAttribute('aria-sort', !is ? 'none' : state.sort[0] === '-' ? 'descending' : 'ascending');
		});
	}

	async function show(mine) {
		const pages = Math.max(1, Math.ceil(result.total / PAGE));

		state.page = Math.min(state.page, pages);
		const pairs = pageOf(result, state.page), rows = document.createDocumentFragment();

		for (let i = 0; i < pairs.length; i++) {
			try {
				await load(pairs[i].shard);
			} catch (error) {
				complain(say('trouble', error.message));
				continue;
			}
			if (mine !== run) return;
			rows.appendChild(makeRow(pairs[i]));
		}
		$('rows').textContent = '';
		$('rows').appendChild(rows);
		$('table').hidden = !pairs.length;
		$('nothing').hidden = result.total > 0 || !facts.mails;
		showPages(pages);
		$('count').textContent = result.total === facts.mails ? mails(result.total)
			: result.total ? say('found', counts.format(result.total), counts.format(facts.mails)) : words.none;
		if (asked) reveal();
		document.body.dataset.ready = String(mine); /* for who drives the page by program */
	}

	/* Who asked sees the answer, also where the form fills the window; what was typed on glass takes its
	 * keyboard away. */
	let asked = false;

	function isNarrow() { return window.matchMedia('(max-width: 52rem)').matches; }

	function reveal() {
		const top = $('results').getBoundingClientRect().top;

		asked = false;
		if (isNarrow()) $('results').focus({ preventScroll: true });
		if (top < 0 || top > window.innerHeight / 2) $('results').scrollIntoView();
	}

	/* A narrow window hides the fields that are not used. */
	function unfold(open) {
		$('fields').classList.toggle('open', open);
		$('unfold').setAttribute('aria-expanded', String(open));
	}

	/* --- the address keeps the search, so that "back" works and it can be kept ------------------- */

	const NAMES = ['q', 'from', 'to', 'subject', 'since', 'until'];

	function writeAddress() {
		const parts = new URLSearchParams();

		NAMES.forEach(function (name) { if (state[name]) parts.set(name, state[name]); });
		if (state.sort !== '-date') parts.set('sort', state.sort);
		if (state.page > 1) parts.set('page', state.page);
		if (facts && language !== facts.language) parts.set('lang', language);
		location.hash = parts.toString();
	}

	function readAddress() {
		const parts = new URLSearchParams(location.hash.slice(1)), lang = parts.get('lang');

		NAMES.forEach(function (name) {
			state[name] = parts.get(name) || '';
			if ($(name).value !== state[name]) $(name).value = state[name];
		});
		if (NAMES.some(function (name) { return name !== 'q' && state[name]; })) unfold(true);
		state.sort = /^-?(date|from|to|subject|size)$/.test(parts.get('sort')) ? parts.get('sort') : '-date';
		state.page = Math.max(1, parseInt(parts.get('page'), 10) || 1);
		speak(Object.keys(WORDS).indexOf(lang) >= 0 ? lang : facts.language);
		search();
	}

	function change(changes, focus) {
		Object.assign(state, { page: 1 }, changes);
		const before = location.hash;

		writeAddress();
		if (location.hash === before) readAddress();
		if (focus) $('results').focus({ preventScroll: false });
	}

	/* --- reading a mail that was chosen: mail.js takes it apart -------------------------------- */

	const TEXT_SHOWN = 500000; /* characters: a book; a window that shows megabytes stands still */
	const files = []; /* of the mail that is shown: addresses to give back */
	let opener = null; /* what had the focus before */

	/* A word that changes with the language. */
	function worded(tag, word, name) {
		const node = make(tag, words[word], name);

		node.dataset.word = word;
		return node;
	}

	function button(word, act) {
		const node = worded('button', word);

		node.type = 'button';
		node.onclick = act;
		return node;
	}

	function closeMail() {
		const back = opener && document.contains(opener) ? opener : $('results');

		$('mail').hidden = true;
		$('mail').textContent = '';
		document.body.classList.remove('reading');
		files.splice(0).forEach(function (url) { URL.revokeObjectURL(url); });
		opener = null;
		back.focus();
	}

	/* Saved, never opened by the browser: whatever it is, it is no page of ours. Its name ends as it seems to. */
	function fileItem(file) {
		const li = make('li'), a = make('a'), ending = file.kind === 'message/rfc822' && !file.name ? '.eml' : '';
		const name = (file.name.replace(/[\/\\\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '_') || words.unnamed) + ending;
		const bytes = window.tubepostMail.bytesOf(file.content);

		a.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
		files.push(a.href);
		a.download = name;
		a.appendChild(quoted(name, ''));
		li.appendChild(a);
		li.appendChild(document.createTextNode(' (' + size(bytes.length) + ')'));
		if (file.kind === 'message/rfc822')
			li.append(' ', button('read', function () { showMail(file.content, name); }));
		return li;
	}

	function headerList(mail, place) {
		const list = make('dl');
		const add = function (word, text) {
			list.appendChild(word === 'cc' || word === 'bcc' ? make('dt', word === 'cc' ? 'Cc' : 'Bcc') : worded('dt', word));
			list.appendChild(make('dd')).appendChild(quoted(text, ''));
		};

		['from', 'to', 'cc', 'bcc', 'date'].forEach(function (name) {
			const value = mail.header.get(name);

			if (value) add(name, window.tubepostMail.decodeHeader(value));
		});
		if (place) add('file', place);
		return list;
	}

	function showMail(source, place) {
		if (!window.tubepostMail) return complain(words.unreadable);
		const mail = window.tubepostMail.read(source), text = window.tubepostMail.text(mail);
		const article = $('mail'), pre = make('pre', text.slice(0, TEXT_SHOWN)), tools = make('div', undefined, 'tools');
		const before = $('mail').hidden ? document.activeElement : opener;

		if (!article.hidden) closeMail();
		opener = before;
		tools.appendChild(button('print', function () { window.print(); }));
		tools.appendChild(button('close', closeMail)).title = 'Esc';
		article.appendChild(tools);
		article.appendChild(make('h3')).appendChild(quoted(window.tubepostMail.decodeHeader(mail.header.get('subject')), words.noSubject));
		article.appendChild(headerList(mail, place));
		pre.dir = 'auto';
		article.appendChild(text ? pre : worded('p', 'empty', 'nothing'));
		if (mail.cut || text.length > TEXT_SHOWN) article.appendChild(worded('p', 'partly', 'trouble'));
		if (mail.files.length) {
			const ul = make('ul');

			article.appendChild(worded('h3', 'attachments'));
			mail.files.forEach(function (file) { ul.appendChild(fileItem(file)); });
			article.appendChild(ul);
		}
		article.hidden = false;
		document.body.classList.add('reading');
		article.focus();
		article.scrollIntoView();
	}

	function readFile(file, path) {
		const reader = new FileReader();

		reader.onload = function () { showMail(reader.result, path || file.name); };
		reader.onerror = function () { complain(words.unreadable); };
		reader.readAsBinaryString(file);
	}

	/* --- opening a mail where it stands ---------------------------------------------------------- */

	/* Chromium takes a local mail for a web archive, and shows an empty page for most. But it can be given a
	 * folder to read, once; a click then shows the mail here. Other browsers hand mails to a mail program. */
	const PICKS = typeof window.showDirectoryPicker === 'function';
	let folder = null, wanted = null;

	/* Of the disc, or of the folder `data` on it. */
	async function fileAt(path) {
		const names = path.split('/'), last = names.pop();

		if (folder.name === 'data') names.shift();
		let at = folder;
		for (const name of names) at = await at.getDirectoryHandle(name);
		return (await at.getFileHandle(last)).getFile();
	}

	async function openHere(path) {
		try {
			readFile(await fileAt(path), path);
			hide('trouble');
		} catch (error) {
			folder = null;
			complain(say('away', path));
			$('results').focus();
		}
	}

	async function pick() {
		try {
			folder = await window.showDirectoryPicker({ id: 'disc', mode: 'read' });
		} catch (error) {
			return; /* nothing was chosen */
		}
		if (wanted) openHere(wanted);
	}

	function openMail(event, path) {
		if (!PICKS || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		wanted = path;
		if (folder) openHere(path);
		else $('pick').focus();
	}

	function offerFolder() {
		if (!PICKS) return;
		$('readhelp').dataset.word = 'pickhelp';
		$('pick').hidden = false;
		$('pick').onclick = pick;
	}

	/* --- the page ---------------------------------------------------------------------------- */

	function introduce() {
		const span = facts.shards.length ? facts.shards.reduce(function (sum, shard) {
			return [Math.min(sum[0], shard[1]), Math.max(sum[1], shard[2])];
		}, [Infinity, -Infinity]) : null;
		const ends = span && span.map(function (ms) { return days.format(ms); });

		document.title = words.title + ' ' + facts.serial;
		$('serial').textContent = facts.serial;
		$('serial').title = words.disc + ' ' + facts.serial;
		$('serial').hidden = false;
		$('facts').textContent = !ends ? mails(0)
			: ends[0] === ends[1] ? say('facts1', mails(facts.mails), ends[0]) : say('facts', mails(facts.mails), ends[0], ends[1]);
	}

	function offerLanguages() {
		Object.keys(WORDS).forEach(function (code) {
			const choice = make('button', WORDS[code].name);

			choice.type = 'button';
			choice.lang = code;
			choice.onclick = function () {
				speak(code);
				writeAddress();
			};
			$('languages').appendChild(choice);
		});
		$('languages').hidden = false;
	}

	function listen() {
		$('form').onsubmit = function (event) {
			const changes = {};

			event.preventDefault();
			asked = true;
			NAMES.forEach(function (name) { changes[name] = $(name).value; });
			change(changes);
		};
		$('form').onreset = function () {
			const changes = {};

			NAMES.forEach(function (name) { changes[name] = ''; });
			setTimeout(function () { change(changes); }, 0);
		};
		document.querySelectorAll('[data-sort]').forEach(function (button) {
			const name = button.dataset.sort, first = name === 'date' || name === 'size' ? '-' : '';

			button.onclick = function () {
				change({ sort: state.sort === first + name ? (first ? name : '-' + name) : first + name });
			};
		});
		document.querySelectorAll('#pages button').forEach(function (button) {
			button.onclick = function () {
				const last = Math.ceil(result.total / PAGE), go = button.dataset.go;

				change({ page: go === 'first' ? 1 : go === 'last' ? last : state.page + (go === 'next' ? 1 : -1) }, true);
			};
		});
		$('unfold').onclick = function () { unfold($('unfold').getAttribute('aria-expanded') !== 'true'); };
		$('again').onclick = function () {
			$('form').reset();
			$('q').focus();
		};
		document.addEventListener('keydown', function (event) {
			if (event.key === 'Escape' && !event.defaultPrevented && !$('mail').hidden) closeMail();
		});
		$('file').onclick = function () { $('file').value = ''; }; /* the same one may be chosen again */
		$('file').onchange = function () { if ($('file').files[0]) readFile($('file').files[0]); };
		document.ondragover = function (event) {
			event.preventDefault();
			document.body.classList.add('dropping');
		};
		document.ondragleave = function () { document.body.classList.remove('dropping'); };
		document.ondrop = function (event) {
			event.preventDefault();
			document.body.classList.remove('dropping');
			if (event.dataTransfer.files[0]) readFile(event.dataTransfer.files[0]);
		};
		window.onhashchange = readAddress;
	}

	/* What the lists call; the others are for the tests. */
	window.tubepost = {
		about: function (about) {
			facts = about;
			if (!WORDS[facts.language]) facts.language = 'en';
			offerLanguages();
			offerFolder();
			listen();
			readAddress();
		},
		shard: takeShard,
		fold: fold,
		loaded: function () { return shards.filter(Boolean).length; }
	};
	speak('en');
	window.addEventListener('load', function () { if (!facts) complain(words.broken); });
}());
