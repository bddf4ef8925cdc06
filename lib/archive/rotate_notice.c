/*
 * The notice of a full cellar, in the archive's language: see rotate.h. Subjects are ASCII in every
 * language, so that no header needs encoding; the text goes as quoted-printable UTF-8.
 */
#include "archive/rotate.h"

#include <unistd.h>

#include "archive/rotate_state.h"
#include "archive/seal.h"
#include "base/clock.h"
#include "base/units.h"
#include "mime/codec.h"

#define TEXT_MAX ((size_t)256 * 1024)

/* What a text says, in this order: path, number of messages, first and last day, their size, size of
 * the disc; path; what is waited for; path. Behind it stands what happens otherwise: `erased`, with the
 * day until which the offer waits, or `kept`. */
struct words {
	const char *language, *subject, *text, *burnt, *verified, *received, *erased, *kept;
};

static const struct words languages[] = {
	{ "en", "Your mail archive fills a disc",
		"The cellar of the mail archive\n    %s\n"
		"holds enough for a disc: %llu messages, from %s to %s, %s,\nfor a disc of %s.\n\n"
		"To have it made, say yes on the machine of the archive:\n\n"
		"    archive-rotate --archive '%s' --accept\n\n"
		"This prints the messages for dvd-pack. They leave the archive\nwhen the disc "
		"%s.\n\n"
		"To do without it:\n\n"
		"    archive-rotate --archive '%s' --refuse\n\n",
		"was burnt", "was verified", "was received",
		"Then, and also if nobody answers until %s, these messages are erased\n"
		"as newer ones need their room.\n",
		"Then they stay in the cellar, whatever room they take, for archive.yaml\n"
		"says no size.\n" },
	{ "fr", "Votre archive de courrier remplit un disque",
		"La cave de l’archive de courrier\n    %s\n"
		"contient de quoi remplir un disque : %llu messages, du %s au %s, %s,\n"
		"pour un disque de %s.\n\n"
		"Pour le faire graver, dites oui sur la machine de l’archive :\n\n"
		"    archive-rotate --archive '%s' --accept\n\n"
		"Cette commande donne la liste des messages pour dvd-pack. Ils quittent\n"
		"l’archive quand le disque %s.\n\n"
		"Pour s’en passer :\n\n"
		"    archive-rotate --archive '%s' --refuse\n\n",
		"est gravé", "est vérifié", "est reçu",
		"Dans ce cas, et aussi sans réponse jusqu’au %s, ces messages sont\n"
		"effacés à mesure que les nouveaux ont besoin de leur place.\n",
		"Dans ce cas ils restent à la cave, quelle que soit la place qu’ils y prennent,\n"
		"car archive.yaml n’indique pas de taille (size).\n" },
	{ "de", "Ihr Mail-Archiv hat genug Post, um eine Disc zu brennen",
		"Der Keller des Mail-Archivs\n    %s\n"
		"reicht für eine Disc: %llu Nachrichten vom %s bis zum %s, %s,\n"
		"auf eine Disc von %s.\n\n"
		"Wenn sie gebrannt werden soll, sagen Sie auf dem Rechner des Archivs ja:\n\n"
		"    archive-rotate --archive '%s' --accept\n\n"
		"Der Befehl nennt die Nachrichten für dvd-pack. Sie verlassen das Archiv,\n"
		"sobald die Disc %s.\n\n"
		"Wenn nicht:\n\n"
		"    archive-rotate --archive '%s' --refuse\n\n",
		"gebrannt ist", "geprüft ist", "angekommen ist",
		"Dann, und auch ohne Antwort bis zum %s, werden diese Nachrichten\n"
		"gelöscht, sobald neuere ihren Platz brauchen.\n",
		"Dann bleiben sie im Keller, wie viel Platz sie auch brauchen, denn\n"
		"archive.yaml nennt keine Größe (size).\n" },
	{ "es", "Su archivo de correo llena un disco",
		"La bodega del archivo de correo\n    %s\n"
		"tiene bastante para un disco: %llu mensajes, del %s al %s, %s,\n"
		"para un disco de %s.\n\n"
		"Para que se grabe, diga que sí en la máquina del archivo:\n\n"
		"    archive-rotate --archive '%s' --accept\n\n"
		"Esta orden da la lista de mensajes para dvd-pack. Salen del archivo\n"
		"cuando el disco %s.\n\n"
		"Para prescindir de él:\n\n"
		"    archive-rotate --archive '%s' --refuse\n\n",
		"esté grabado", "esté verificado", "haya llegado",
		"Entonces, y también si nadie responde hasta el %s, estos mensajes se borran\n"
		"a medida que los nuevos necesitan su sitio.\n",
		"Entonces se quedan en la bodega, ocupen lo que ocupen, pues archive.yaml\n"
		"no dice ningún tamaño (size).\n" },
};

static const struct words *words_of(const struct tp_archive *archive)
{
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
		if (!strcmp(languages[i].language, archive->settings.language))
			return &languages[i];
	return &languages[0];
}

static const char *waited_for(const struct tp_archive *archive, const struct words *words)
{
	if (!strcmp(archive->settings.after, "burnt"))
		return words->burnt;
	return !strcmp(archive->settings.after, "received") ? words->received : words->verified;
}

/* The day, as everybody reads it: 2005-07-01. */
static void add_day(int64_t ms, struct tp_buf *out)
{
	tp_date_rfc3339(ms / 1000, out);
	tp_buf_truncate(out, 10);
}

static enum tp_status write_text(struct tp_archive *archive, const struct words *words,
	const struct tp_rotation *rotation, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(TEXT_MAX), first = TP_BUF_INIT(64), last = TP_BUF_INIT(64);
	struct tp_buf size = TP_BUF_INIT(64), disc = TP_BUF_INIT(64), until = TP_BUF_INIT(64);
	/* Whoever reads it is in another folder. */
	char *absolute = realpath(archive->path, NULL);
	const char *path = absolute ? absolute : archive->path;
	enum tp_status status;

	add_day(rotation->offer_first_ms, &first);
	add_day(rotation->offer_last_ms, &last);
	add_day(1000 * (rotation->answer_until ? rotation->answer_until
					       : tp_now() + archive->settings.answer_seconds),
		&until);
	tp_size_format(rotation->offer_bytes, &size);
	tp_size_format(archive->settings.disc_bytes, &disc);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	tp_buf_addf(&text, words->text, path, (unsigned long long)rotation->offer_messages,
		tp_buf_str(&first), tp_buf_str(&last), tp_buf_str(&size), tp_buf_str(&disc), path,
		waited_for(archive, words), path);
	tp_buf_addf(&text, rotation->may_erase ? words->erased : words->kept, tp_buf_str(&until));
#pragma GCC diagnostic pop
	status = tp_buf_status(&text, "notice", err);
	if (!status)
		tp_codec_qp_encode(text.data, text.len, "\n", out);
	tp_buf_release(&text);
	tp_buf_release(&first);
	tp_buf_release(&last);
	tp_buf_release(&size);
	tp_buf_release(&disc);
	tp_buf_release(&until);
	free(absolute);
	return status ? status : tp_buf_status(out, "notice", err);
}

static void write_header(struct tp_archive *archive, const struct words *words,
	const struct tp_rotate_state *state, struct tp_buf *out)
{
	const struct tp_archive_settings *settings = &archive->settings;
	const char *sender = settings->sender ? settings->sender : settings->contact;

	tp_buf_addf(out, "From: <%s>\nTo: <%s>\nSubject: %s\nDate: ", sender, settings->contact,
		words->subject);
	tp_date_rfc5322(tp_now(), out);
	tp_buf_addf(out, "\nMessage-ID: <rotation.%lld.%lld%s>\n", (long long)state->since,
		(long long)tp_now(), strrchr(sender, '@'));
	tp_buf_adds(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
			 "Content-Transfer-Encoding: quoted-printable\n"
			 "Auto-Submitted: auto-generated\n");
	tp_buf_addf(out, "Content-Language: %s\n\n", words->language);
}

enum tp_status tp_rotate_notice(struct tp_archive *archive, const struct tp_rotation *rotation,
	struct tp_buf *out, struct tp_error *err)
{
	const struct words *words = words_of(archive);
	struct tp_rotate_state state;
	enum tp_status status;
	int fd;

	if (!archive->settings.contact)
		return tp_fail(err, TP_CONFIG, "%s/archive.yaml: contact: not set: nobody to tell",
			archive->path);
	status = tp_seal_lock(archive, true, &fd, err);
	if (status)
		return status;
	status = tp_rotate_state_read(archive, &state, err);
	if (!status) {
		write_header(archive, words, &state, out);
		status = write_text(archive, words, rotation, out, err);
	}
	tp_rotate_state_release(&state);
	close(fd);
	return status;
}

enum tp_status tp_rotate_told(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_rotate_state state;
	int fd;
	enum tp_status status = tp_seal_lock(archive, true, &fd, err);

	if (status)
		return status;
	status = tp_rotate_state_read(archive, &state, err);
	state.told = tp_now();
	if (!state.first_told)
		state.first_told = state.told;
	if (!status && state.offer != TP_OFFER_NONE)
		status = tp_rotate_state_write(archive, &state, err);
	tp_rotate_state_release(&state);
	close(fd);
	return status;
}
