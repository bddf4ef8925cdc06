/* README.txt and bag-info.txt: see bag_text.h. Who reads the first may know nothing of this software,
 * of BagIt, or of hashes; the words are for them. */
#include "disc/bag_text.h"

#include <inttypes.h>

#include "base/clock.h"

/* In this order a text says: serial; number of mails, first and last day, bytes; and, where there is a
 * contact, its address. */
struct words {
	const char *language, *what, *contact, *open, *prove, *prove_signature, *layout;
};

static const struct words languages[] = {
	{ "en",
		"MAIL ARCHIVE, DISC %s\n\n"
		"This disc holds %" PRIu64 " mails that arrived from %s to %s,\n"
		"%" PRIu64 " bytes, each exactly as it came.\n",
		"Who made it can be reached at %s.\n",
		"\nTo read them\n\n"
		"Open index.html in any browser. It finds mails by sender, recipient, subject\n"
		"and date, and opens them. It needs no network and no other program.\n\n"
		"Without a browser: the mails are the files in the folder data, by year and month\n"
		"of their arrival. A file's name begins with the day and time of its arrival\n"
		"(UTC). Files that end in .eml are plain text (RFC 5322); mail programs open "
		"them.\n",
		"\nTo prove that nothing has changed\n\n"
		"Every file's SHA-256 stands in manifest-sha256.txt (the mails) and in\n"
		"tagmanifest-sha256.txt (everything else). On Linux, in the folder of this "
		"file:\n\n"
		"    sha256sum --quiet -c tagmanifest-sha256.txt manifest-sha256.txt\n\n"
		"prints nothing when every file is what it was. On a Mac the program is\n"
		"`shasum -a 256`; on Windows, `certutil -hashfile FILE SHA256` shows one file's.\n",
		"\nThe second list is signed. With the signer's certificate, or that of its "
		"authority,\n"
		"in cert.pem:\n\n"
		"    openssl cms -verify -binary -inform PEM -in tagmanifest-sha256.txt.p7s \\\n"
		"        -content tagmanifest-sha256.txt -purpose any -CAfile cert.pem -out "
		"signed.txt\n",
		"\nThe form of this disc\n\n"
		"ISO 9660 with Joliet and Rock Ridge; inside, a bag after RFC 8493 (BagIt "
		"1.0).\n" },
	{ "fr",
		"ARCHIVE DE COURRIER, DISQUE %s\n\n"
		"Ce disque contient %" PRIu64 " courriers arrivés du %s au %s,\n"
		"%" PRIu64 " octets, chacun exactement tel qu’il est arrivé.\n",
		"Pour joindre ceux qui l’ont fait : %s.\n",
		"\nPour les lire\n\n"
		"Ouvrez index.html dans un navigateur. La page cherche par expéditeur, "
		"destinataire,\n"
		"sujet et date, et ouvre les courriers. Il ne faut ni réseau ni autre "
		"programme.\n\n"
		"Sans navigateur : les courriers sont les fichiers du dossier data, par année et "
		"mois\n"
		"d’arrivée. Le nom d’un fichier commence par le jour et l’heure d’arrivée (UTC).\n"
		"Les fichiers .eml sont du texte (RFC 5322) ; tout logiciel de courrier les "
		"ouvre.\n",
		"\nPour prouver que rien n’a changé\n\n"
		"L’empreinte SHA-256 de chaque fichier est dans manifest-sha256.txt (les "
		"courriers)\n"
		"et dans tagmanifest-sha256.txt (tout le reste). Sous Linux, dans le dossier de "
		"ce\n"
		"fichier :\n\n"
		"    sha256sum --quiet -c tagmanifest-sha256.txt manifest-sha256.txt\n\n"
		"n’affiche rien quand tout est resté tel quel. Sur un Mac, le programme s’appelle\n"
		"`shasum -a 256` ; sous Windows, `certutil -hashfile FICHIER SHA256` montre celle\n"
		"d’un fichier.\n",
		"\nLa seconde liste est signée. Avec le certificat du signataire, ou de son "
		"autorité,\n"
		"dans cert.pem :\n\n"
		"    openssl cms -verify -binary -inform PEM -in tagmanifest-sha256.txt.p7s \\\n"
		"        -content tagmanifest-sha256.txt -purpose any -CAfile cert.pem -out "
		"signed.txt\n",
		"\nLa forme du disque\n\n"
		"ISO 9660 avec Joliet et Rock Ridge ; dedans, un « bag » selon la RFC 8493 (BagIt "
		"1.0).\n" },
	{ "de",
		"MAIL-ARCHIV, DISC %s\n\n"
		"Auf dieser Disc sind %" PRIu64 " Mails, die vom %s bis zum %s ankamen,\n"
		"%" PRIu64 " Bytes, jede genau so, wie sie kam.\n",
		"Wer sie gemacht hat, ist unter %s zu erreichen.\n",
		"\nUm sie zu lesen\n\n"
		"Öffnen Sie index.html in einem Browser. Die Seite sucht nach Absender, "
		"Empfänger,\n"
		"Betreff und Datum und öffnet die Mails. Sie braucht kein Netz und kein anderes\n"
		"Programm.\n\n"
		"Ohne Browser: die Mails sind die Dateien im Ordner data, nach Jahr und Monat der\n"
		"Ankunft. Der Name einer Datei beginnt mit Tag und Uhrzeit der Ankunft (UTC).\n"
		"Dateien auf .eml sind Text (RFC 5322); jedes Mailprogramm öffnet sie.\n",
		"\nUm zu beweisen, dass nichts verändert wurde\n\n"
		"Die SHA-256-Summe jeder Datei steht in manifest-sha256.txt (die Mails) und in\n"
		"tagmanifest-sha256.txt (alles andere). Unter Linux, im Ordner dieser Datei:\n\n"
		"    sha256sum --quiet -c tagmanifest-sha256.txt manifest-sha256.txt\n\n"
		"zeigt nichts, wenn jede Datei noch ist, was sie war. Auf einem Mac heißt das\n"
		"Programm `shasum -a 256`; unter Windows zeigt `certutil -hashfile DATEI SHA256`\n"
		"die Summe einer Datei.\n",
		"\nDie zweite Liste ist unterschrieben. Mit dem Zertifikat des Unterzeichners "
		"oder\n"
		"seiner Stelle in cert.pem:\n\n"
		"    openssl cms -verify -binary -inform PEM -in tagmanifest-sha256.txt.p7s \\\n"
		"        -content tagmanifest-sha256.txt -purpose any -CAfile cert.pem -out "
		"signed.txt\n",
		"\nDie Form dieser Disc\n\n"
		"ISO 9660 mit Joliet und Rock Ridge; darin ein „Bag“ nach RFC 8493 (BagIt "
		"1.0).\n" },
	{ "es",
		"ARCHIVO DE CORREO, DISCO %s\n\n"
		"Este disco contiene %" PRIu64 " correos que llegaron del %s al %s,\n"
		"%" PRIu64 " bytes, cada uno exactamente como llegó.\n",
		"Quienes lo hicieron están en %s.\n",
		"\nPara leerlos\n\n"
		"Abra index.html en un navegador. La página busca por remitente, destinatario, "
		"asunto\n"
		"y fecha, y abre los correos. No necesita red ni otro programa.\n\n"
		"Sin navegador: los correos son los ficheros de la carpeta data, por año y mes de\n"
		"llegada. El nombre de un fichero empieza por el día y la hora de llegada (UTC).\n"
		"Los ficheros .eml son texto (RFC 5322); cualquier programa de correo los abre.\n",
		"\nPara probar que nada ha cambiado\n\n"
		"El SHA-256 de cada fichero está en manifest-sha256.txt (los correos) y en\n"
		"tagmanifest-sha256.txt (todo lo demás). En Linux, en la carpeta de este "
		"fichero:\n\n"
		"    sha256sum --quiet -c tagmanifest-sha256.txt manifest-sha256.txt\n\n"
		"no muestra nada si cada fichero sigue igual. En un Mac el programa se llama\n"
		"`shasum -a 256`; en Windows, `certutil -hashfile FICHERO SHA256` muestra el de "
		"uno.\n",
		"\nLa segunda lista está firmada. Con el certificado del firmante, o de su "
		"autoridad,\n"
		"en cert.pem:\n\n"
		"    openssl cms -verify -binary -inform PEM -in tagmanifest-sha256.txt.p7s \\\n"
		"        -content tagmanifest-sha256.txt -purpose any -CAfile cert.pem -out "
		"signed.txt\n",
		"\nLa forma del disco\n\n"
		"ISO 9660 con Joliet y Rock Ridge; dentro, un «bag» según la RFC 8493 (BagIt "
		"1.0).\n" },
};

/* A day in UTC. */
struct day {
	char text[40];
};

static struct day day_of(int64_t arrival_ms)
{
	int64_t days = arrival_ms / 86400000 - (arrival_ms % 86400000 < 0), year;
	int month, of_month;
	struct day day;

	tp_civil_from_days(days, &year, &month, &of_month);
	snprintf(day.text, sizeof day.text, "%04" PRId64 "-%02d-%02d", year, month, of_month);
	return day;
}

static void add_words(const struct words *words, const struct tp_bag_about *about,
	const struct tp_bag_facts *facts, struct tp_buf *out)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the table above */
	tp_buf_addf(out, words->what, about->serial, facts->mails, day_of(facts->first_ms).text,
		day_of(facts->last_ms).text, facts->bytes);
	if (about->contact)
		tp_buf_addf(out, words->contact, about->contact);
#pragma GCC diagnostic pop
	tp_buf_adds(out, words->open);
	tp_buf_adds(out, words->prove);
	if (about->certificate)
		tp_buf_adds(out, words->prove_signature);
	tp_buf_adds(out, words->layout);
}

bool tp_bag_readme(
	const struct tp_bag_about *about, const struct tp_bag_facts *facts, struct tp_buf *out)
{
	struct tp_buf text = TP_BUF_INIT(65536);

	for (size_t i = 1; i < sizeof languages / sizeof *languages; i++)
		if (!strcmp(languages[i].language, about->language)) {
			add_words(&languages[i], about, facts, &text);
			tp_buf_adds(&text, "\n\n");
		}
	add_words(&languages[0], about, facts, &text);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n')
			tp_buf_addc(out, '\r');
		tp_buf_addc(out, text.data[i]);
	}
	if (text.status)
		out->status = text.status;
	tp_buf_release(&text);
	return !out->status;
}

bool tp_bag_info(
	const struct tp_bag_about *about, const struct tp_bag_facts *facts, struct tp_buf *out)
{
	tp_buf_addf(out, "External-Identifier: %s\n", about->serial);
	tp_buf_addf(out, "External-Description: mail archive, arrivals from %s to %s\n",
		day_of(facts->first_ms).text, day_of(facts->last_ms).text);
	if (about->contact)
		tp_buf_addf(out, "Contact-Email: %s\n", about->contact);
	tp_buf_addf(out, "Payload-Oxum: %" PRIu64 ".%" PRIu64 "\n", facts->bytes, facts->mails);
	return tp_buf_adds(out, "Bag-Software-Agent: tubepost " TP_VERSION "\n");
}
