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

	const WORDS = {
		en: {
			name: 'English', title: 'Mail archive', disc: 'Disc', skip: 'Skip to the mails',
			all: 'Search', hint: 'Words in sender, recipient or subject', from: 'Sender', to: 'Recipient',
			subject: 'Subject', since: 'From', until: 'Until', search: 'Search', clear: 'Clear',
			help: 'All words must be found; capitals and accents make no difference. "Quotes" keep words together.',
			caption: 'Mails on this disc', date: 'Date', size: 'Size', details: 'Details', pages: 'Pages',
			first: 'First', previous: 'Previous', next: 'Next', last: 'Last', place: 'Page {0} of {1}',
			facts: '{0}, {1} – {2}', facts1: '{0}, {1}', mails: '{0} mails', mail: '1 mail', none: 'No mails',
			found: '{0} of {1} mails', searching: 'Searching … {0} so far',
			noSubject: '(no subject)', nobody: '(nobody)', sent: 'Received', file: 'File', open: 'Open the mail',
			trouble: 'A part of the list cannot be read from the disc: {0}. Mails of that time are missing here; they are still in the folder “data”.',
			badDates: 'The first day is later than the last.',
			reading: 'Read a mail in this page', choose: 'Choose a file …',
			readhelp: 'A click on a subject opens the mail in your mail program. To read one here, choose its file, or drop it on this page.',
			pick: 'Choose the disc', away: 'This is not on the disc that was chosen: {0}',
			pickhelp: 'This browser shows no mail by itself. Choose the disc once, and a click on a subject opens the mail here.',
			attachments: 'Attachments', empty: 'This mail has no text.', unreadable: 'The file cannot be read.',
			unnamed: 'unnamed', proof: 'Every mail is a file in the folder', readme: 'How to prove that nothing was changed',
			broken: 'The list of this disc (search/about.js) cannot be read. The mails are in the folder “data”, by year and month.',
			unit: ['bytes', 'kB', 'MB', 'GB']
		},
		fr: {
			name: 'Français', title: 'Archive de courrier', disc: 'Disque', skip: 'Aller aux messages',
			all: 'Rechercher', hint: 'Mots de l’expéditeur, du destinataire ou de l’objet', from: 'Expéditeur', to: 'Destinataire',
			subject: 'Objet', since: 'Du', until: 'Au', search: 'Rechercher', clear: 'Effacer',
			help: 'Tous les mots doivent être trouvés ; majuscules et accents sont indifférents. Les "guillemets" gardent les mots ensemble.',
			caption: 'Messages de ce disque', date: 'Date', size: 'Taille', details: 'Détails', pages: 'Pages',
			first: 'Première', previous: 'Précédente', next: 'Suivante', last: 'Dernière', place: 'Page {0} sur {1}',
			facts: '{0}, {1} – {2}', facts1: '{0}, {1}', mails: '{0} messages', mail: '1 message', none: 'Aucun message',
			found: '{0} messages sur {1}', searching: 'Recherche… {0} jusqu’ici',
			noSubject: '(sans objet)', nobody: '(personne)', sent: 'Reçu', file: 'Fichier', open: 'Ouvrir le message',
			trouble: 'Une partie de la liste est illisible sur le disque : {0}. Les messages de cette période manquent ici ; ils restent dans le dossier « data ».',
			badDates: 'Le premier jour est après le dernier.',
			reading: 'Lire un message dans cette page', choose: 'Choisir un fichier…',
			readhelp: 'Un clic sur l’objet ouvre le message dans votre logiciel de courrier. Pour le lire ici, choisissez son fichier ou déposez-le sur la page.',
			pick: 'Choisir le disque', away: 'Le disque choisi ne contient pas : {0}',
			pickhelp: 'Ce navigateur n’affiche pas les messages lui-même. Choisissez le disque une fois : un clic sur l’objet ouvrira alors le message ici.',
			attachments: 'Pièces jointes', empty: 'Ce message n’a pas de texte.', unreadable: 'Le fichier est illisible.',
			unnamed: 'sans nom', proof: 'Chaque message est un fichier du dossier', readme: 'Comment prouver que rien n’a été modifié',
			broken: 'La liste de ce disque (search/about.js) est illisible. Les messages sont dans le dossier « data », par année et par mois.',
			unit: ['octets', 'ko', 'Mo', 'Go']
		},
		de: {
			name: 'Deutsch', title: 'E-Mail-Archiv', disc: 'Disc', skip: 'Zu den Nachrichten',
			all: 'Suchen', hint: 'Wörter in Absender, Empfänger oder Betreff', from: 'Absender', to: 'Empfänger',
			subject: 'Betreff', since: 'Vom', until: 'Bis', search: 'Suchen', clear: 'Leeren',
			help: 'Alle Wörter müssen vorkommen; Großschreibung und Akzente sind gleich. "Anführungszeichen" halten Wörter zusammen.',
			caption: 'Nachrichten auf dieser Disc', date: 'Datum', size: 'Größe', details: 'Einzelheiten', pages: 'Seiten',
			first: 'Erste', previous: 'Vorige', next: 'Nächste', last: 'Letzte', place: 'Seite {0} von {1}',
			facts: '{0}, {1} – {2}', facts1: '{0}, {1}', mails: '{0} Nachrichten', mail: '1 Nachricht', none: 'Keine Nachrichten',
			found: '{0} von {1} Nachrichten', searching: 'Suche läuft … bisher {0}',
			noSubject: '(kein Betreff)', nobody: '(niemand)', sent: 'Eingang', file: 'Datei', open: 'Nachricht öffnen',
			trouble: 'Ein Teil der Liste ist auf der Disc nicht lesbar: {0}. Nachrichten aus dieser Zeit fehlen hier; im Ordner „data“ sind sie weiterhin.',
			badDates: 'Der erste Tag liegt nach dem letzten.',
			reading: 'Eine Nachricht auf dieser Seite lesen', choose: 'Datei wählen …',
			readhelp: 'Ein Klick auf den Betreff öffnet die Nachricht im Mailprogramm. Um sie hier zu lesen, die Datei wählen oder auf die Seite ziehen.',
			pick: 'Disc wählen', away: 'Auf der gewählten Disc fehlt: {0}',
			pickhelp: 'Dieser Browser zeigt selbst keine Nachrichten. Wählen Sie einmal die Disc; ein Klick auf den Betreff öffnet die Nachricht dann hier.',
			attachments: 'Anhänge', empty: 'Diese Nachricht hat keinen Text.', unreadable: 'Die Datei ist nicht lesbar.',
			unnamed: 'ohne Namen', proof: 'Jede Nachricht ist eine Datei im Ordner', readme: 'Wie man beweist, dass nichts verändert wurde',
			broken: 'Die Liste dieser Disc (search/about.js) ist nicht lesbar. Die Nachrichten sind im Ordner „data“, nach Jahr und Monat.',
			unit: ['Bytes', 'kB', 'MB', 'GB']
		},
		es: {
			name: 'Español', title: 'Archivo de correo', disc: 'Disco', skip: 'Ir a los mensajes',
			all: 'Buscar', hint: 'Palabras del remitente, del destinatario o del asunto', from: 'Remitente', to: 'Destinatario',
			subject: 'Asunto', since: 'Desde', until: 'Hasta', search: 'Buscar', clear: 'Borrar',
			help: 'Deben encontrarse todas las palabras; mayúsculas y acentos no cuentan. Las "comillas" mantienen juntas las palabras.',
			caption: 'Mensajes de este disco', date: 'Fecha', size: 'Tamaño', details: 'Detalles', pages: 'Páginas',
			first: 'Primera', previous: 'Anterior', next: 'Siguiente', last: 'Última', place: 'Página {0} de {1}',
			facts: '{0}, {1} – {2}', facts1: '{0}, {1}', mails: '{0} mensajes', mail: '1 mensaje', none: 'Ningún mensaje',
			found: '{0} de {1} mensajes', searching: 'Buscando… {0} hasta ahora',
			noSubject: '(sin asunto)', nobody: '(nadie)', sent: 'Recibido', file: 'Archivo', open: 'Abrir el mensaje',
			trouble: 'Una parte de la lista no se puede leer del disco: {0}. Aquí faltan los mensajes de ese tiempo; siguen en la carpeta «data».',
			badDates: 'El primer día es posterior al último.',
			reading: 'Leer un mensaje en esta página', choose: 'Elegir un archivo…',
			readhelp: 'Un clic en el asunto abre el mensaje en su programa de correo. Para leerlo aquí, elija su archivo o suéltelo en la página.',
			pick: 'Elegir el disco', away: 'No está en el disco elegido: {0}',
			pickhelp: 'Este navegador no muestra mensajes por sí mismo. Elija el disco una vez y un clic en el asunto abrirá el mensaje aquí.',
			attachments: 'Adjuntos', empty: 'Este mensaje no tiene texto.', unreadable: 'No se puede leer el archivo.',
			unnamed: 'sin nombre', proof: 'Cada mensaje es un archivo de la carpeta', readme: 'Cómo probar que nada ha cambiado',
			broken: 'No se puede leer la lista de este disco (search/about.js). Los mensajes están en la carpeta «data», por año y mes.',
			unit: ['bytes', 'kB', 'MB', 'GB']
		}
	};
	let language = 'en', locale, words = WORDS.en, dates, days, counts;

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
			' ' + words.unit[unit];
	}

	function speak(code) {
		language = code;
		words = WORDS[code];
		locale = code === 'en' ? 'en-GB' : code; /* days before months, and 24 hours */
		dates = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
		days = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });
		counts = new Intl.NumberFormat(locale);
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
		folded = run.normalize('NFKD')
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

	function takeShard(n, data) {
		const when = new Float64Array(data.when.length), shard = { count: data.when.length, first: 0 };

		for (let i = 0, ms = 0; i < when.length; i++) when[i] = ms += data.when[i];
		shard.when = when;
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

		return parts ? new Date(+parts[1], +parts[2] - 1, +parts[3]) : null;
	}

	function queryOf(state) {
		const query = { terms: [], since: -Infinity, until: Infinity }, since = dayOf(state.since), until = dayOf(state.until);

		split(state.q, 'any', query.terms);
		COLUMNS.forEach(function (name) { split(state[name], name, query.terms); });
		if (since) query.since = since.getTime();
		if (until) query.until = new Date(until.getFullYear(), until.getMonth(), until.getDate() + 1).getTime();
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

	/* The rows of a shard, ascending. */
	function searchShard(shard, query) {
		const tests = query.terms.map(function (term) {
			return (term.name === 'any' ? COLUMNS : [term.name]).map(function (name) {
				return { row: shard[name].row, flags: lookFor(shard[name], term.needle) };
			});
		});
		const rows = [];

		for (let i = 0; i < shard.count; i++) {
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

	/* Without words and dates inside a shard nothing has to be read to know how many there are. */
	function isWhole(n, query) {
		return !query.terms.length && facts.shards[n][1] >= query.since && facts.shards[n][2] < query.until;
	}

	async function search() {
		const mine = ++run, query = queryOf(state), byDate = /date$/.test(state.sort);
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

				all.push({ shard: part.shard, row: row, key: name === 'size' ? shard.size[row] : keyOf(shard, name, row) });
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

			pairs.push({ shard: part.shard, row: part.rows ? part.rows[back] : back });
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
		const shard = shards[pair.shard], row = pair.row, tr = part('tr', 'row'), path = pathOf(shard, row);
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
		showPages(pages);
		$('count').textContent = result.total === facts.mails ? mails(result.total)
			: result.total ? say('found', counts.format(result.total), counts.format(facts.mails)) : words.none;
		document.body.dataset.ready = String(mine); /* for who drives the page by program */
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
		state.sort = /^-?(date|from|to|subject|size)$/.test(parts.get('sort')) ? parts.get('sort') : '-date';
		state.page = Math.max(1, parseInt(parts.get('page'), 10) || 1);
		speak(lang === 'en' || lang === facts.language ? lang : facts.language);
		search();
	}

	function change(changes, focus) {
		Object.assign(state, { page: 1 }, changes);
		const before = location.hash;

		writeAddress();
		if (location.hash === before) readAddress();
		if (focus) $('results').focus({ preventScroll: false });
	}

	/* --- reading a mail that was chosen ---------------------------------------------------------- */

	const PARTS_MAX = 1000, DEPTH_MAX = 50;

	function bytesOf(text) {
		const bytes = new Uint8Array(text.length);

		for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
		return bytes;
	}

	function decode(text, charset) {
		const bytes = bytesOf(text);

		for (const name of [charset || 'utf-8', 'utf-8', 'windows-1252']) {
			try {
				return new TextDecoder(name, { fatal: name !== 'windows-1252' }).decode(bytes);
			} catch (error) { /* the next one */ }
		}
		return text;
	}

	function fromBase64(text) {
		try {
			return atob(text.replace(/[^A-Za-z0-9+\/]/g, '').replace(/^((?:....)*).$/, '$1'));
		} catch (error) {
			return text;
		}
	}

	function fromQuoted(text) {
		return text.replace(/(^|[^ \t])[ \t]+$/gm, '$1').replace(/=\r?\n/g, '')
			.replace(/=([0-9A-Fa-f]{2})/g, function (all, hex) { return String.fromCharCode(parseInt(hex, 16)); });
	}

	/* RFC 2047; raw bytes are most likely UTF-8. */
	function decodeHeader(value) {
		return decode(value, '').replace(/(=\?[^?\s]+\?[BbQq]\?[^?]*\?=)\s+(?==\?)/g, '$1')
			.replace(/=\?([^?*\s]+)(?:\*[^?]*)?\?([BbQq])\?([^?]*)\?=/g, function (all, charset, how, text) {
				return decode(/b/i.test(how) ? fromBase64(text) : fromQuoted(text.replace(/_/g, ' ')), charset);
			});
	}

	function parseHeaders(text) {
		const headers = {};

		text.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/).forEach(function (line) {
			const at = line.indexOf(':'), name = line.slice(0, at).trim().toLowerCase();

			if (at > 0 && !(('$' + name) in headers)) headers['$' + name] = line.slice(at + 1).trim();
		});
		return function (name) { return headers['$' + name] || ''; };
	}

	function parameter(value, name) {
		const found = new RegExp(';\\s*' + name + '\\*?\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))', 'i').exec(value);

		if (!found) return '';
		const text = found[1] === undefined ? found[2] : found[1].replace(/\\(.)/g, '$1');
		const extended = /^([\w-]*)'[^']*'(.*)$/.exec(text);

		if (!extended) return decodeHeader(text);
		return decode(extended[2].replace(/%([0-9A-Fa-f]{2})/g, function (all, hex) {
			return String.fromCharCode(parseInt(hex, 16));
		}), extended[1]);
	}

	/* HTML as plain text: tags go, nothing of it is ever put into the page as markup. */
	function plain(html) {
		const names = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

		return html.replace(/<!--[^]*?(?:-->|$)/g, '')
			.replace(/<(style|script|head|title)\b[^]*?(?:<\/\1\s*>|$)/gi, '')
			.replace(/\s+/g, ' ')
			.replace(/<(?:br|\/p|\/div|\/tr|\/h\d|\/li|\/table)\b[^>]*>/gi, '\n')
			.replace(/<[^>]*>/g, '')
			.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, function (all, dec, hex, name) {
				const code = dec ? +dec : hex ? parseInt(hex, 16) : 0;

				return name ? names[name.toLowerCase()] || all : code && code < 0x110000 ? String.fromCodePoint(code) : all;
			})
			.replace(/[ \t]*\n[ \t]*/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
	}

	/* The parts of a mail, without recursion: texts and files in order. */
	function parseMail(source) {
		const mail = { texts: [], files: [] }, todo = [{ text: source, depth: 0 }];

		for (let n = 0; todo.length && n < PARTS_MAX; n++) {
			const job = todo.shift(), gap = /\r?\n\r?\n/.exec(job.text);
			const header = parseHeaders(job.text.slice(0, gap ? gap.index : job.text.length));
			const body = gap ? job.text.slice(gap.index + gap[0].length) : '';
			const type = header('content-type') || 'text/plain', kind = type.split(';')[0].trim().toLowerCase();
			const boundary = parameter(type, 'boundary'), encoding = header('content-transfer-encoding').toLowerCase();
			const disposition = header('content-disposition');
			const name = parameter(disposition, 'filename') || parameter(type, 'name');

			if (!mail.header) mail.header = header;
			if (/^multipart\//.test(kind) && boundary && job.depth < DEPTH_MAX) {
				const inner = [], lines = ('\n' + body).split('\n--' + boundary);

				for (let i = 1; i < lines.length && !/^--/.test(lines[i]); i++)
					inner.push({ text: lines[i].replace(/^[^\n]*\n/, '').replace(/\r$/, ''), depth: job.depth + 1,
						alternative: kind === 'multipart/alternative' });
				todo.unshift.apply(todo, inner.slice(0, PARTS_MAX));
				continue;
			}
			const content = encoding === 'base64' ? fromBase64(body) : encoding === 'quoted-printable' ? fromQuoted(body) : body;

			if (/^text\/(plain|html)$/.test(kind) && !/^attachment/i.test(disposition)) {
				const text = decode(content, parameter(type, 'charset'));

				mail.texts.push({ html: kind === 'text/html', alternative: job.alternative, text: text });
			} else {
				mail.files.push({ name: name, bytes: bytesOf(content) });
			}
		}
		return mail;
	}

	function mailText(mail) {
		const hasPlain = mail.texts.some(function (t) { return !t.html; });

		return mail.texts.filter(function (t) { return !(t.html && t.alternative && hasPlain); })
			.map(function (t) { return t.html ? plain(t.text) : t.text.replace(/\r\n/g, '\n'); }).join('\n\n').trim();
	}

	function showMail(source) {
		const mail = parseMail(source), article = $('mail'), list = make('dl'), text = mailText(mail), pre = make('pre');

		article.textContent = '';
		article.appendChild(make('h3')).appendChild(quoted(decodeHeader(mail.header('subject')), words.noSubject));
		[['from', 'from'], ['to', 'to'], ['cc', 'to'], ['date', 'date']].forEach(function (pair) {
			if (!mail.header(pair[0])) return;
			list.appendChild(make('dt', pair[0] === 'cc' ? 'Cc' : words[pair[1]]));
			list.appendChild(make('dd')).appendChild(quoted(decodeHeader(mail.header(pair[0])), ''));
		});
		article.appendChild(list);
		pre.dir = 'auto';
		pre.textContent = text || words.empty;
		article.appendChild(pre);
		if (mail.files.length) {
			const ul = make('ul');

			article.appendChild(make('h3', words.attachments));
			mail.files.forEach(function (file) {
				const a = make('a'), name = file.name.replace(/[\/\\\u0000-\u001f]/g, '_') || words.unnamed;

				/* Saved, never opened by the browser: whatever it is, it is no page of ours. */
				a.href = URL.createObjectURL(new Blob([file.bytes], { type: 'application/octet-stream' }));
				a.download = name;
				a.appendChild(quoted(name, ''));
				const li = make('li');

				li.appendChild(a);
				li.appendChild(document.createTextNode(' (' + size(file.bytes.length) + ')'));
				ul.appendChild(li);
			});
			article.appendChild(ul);
		}
		article.hidden = false;
		article.focus();
	}

	function readFile(file) {
		const reader = new FileReader();

		reader.onload = function () { showMail(reader.result); };
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
			readFile(await fileAt(path));
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
		const span = facts.shards.length ? [facts.shards[0][1], facts.shards[facts.shards.length - 1][2]] : null;
		const ends = span && span.map(function (ms) { return days.format(ms); });

		document.title = words.title + ' ' + facts.serial;
		$('serial').textContent = facts.serial;
		$('serial').title = words.disc + ' ' + facts.serial;
		$('serial').hidden = false;
		$('facts').textContent = !ends ? mails(0)
			: ends[0] === ends[1] ? say('facts1', mails(facts.mails), ends[0]) : say('facts', mails(facts.mails), ends[0], ends[1]);
	}

	function offerLanguages() {
		if (facts.language === 'en') return;
		[facts.language, 'en'].forEach(function (code) {
			const button = make('button', WORDS[code].name);

			button.type = 'button';
			button.lang = code;
			button.onclick = function () {
				speak(code);
				writeAddress();
			};
			$('languages').appendChild(button);
		});
		$('languages').hidden = false;
	}

	function listen() {
		$('form').onsubmit = function (event) {
			const changes = {};

			event.preventDefault();
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
