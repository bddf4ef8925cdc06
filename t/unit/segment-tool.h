/* Records and archives for the tests of segments and queries. */
#ifndef TP_T_SEGMENT_TOOL_H
#define TP_T_SEGMENT_TOOL_H

#include "archive/query.h"
#include "archive/segment.h"
#include "tap.h"
#include "trash.h"

static uint32_t dice_state = 1;

__attribute__((unused)) static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 8) % sides;
}

static const char *const given[] = { "Jean", "Éloïse", "Søren", "Zoë", "Łukasz", "Иван", "marie",
	"J.-P.", "李", "Ann" };
static const char *const family[] = { "Dupont", "Müller", "Œhler", "Straße", "Nguyễn", "Петров",
	"O’Neil", "smith", "van den Berg", "Facturation" };
static const char *const hosts[] = { "belga.com", "example.org", "EXAMPLE.NET", "mail.été.fr",
	"x.y", "company.co.uk" };
static const char *const words[] = { "facture", "Été", "invoice", "Re:", "réunion", "1234",
	"URGENT", "[list]", "№5", "straße", "a", "ête",
	"ﬁnal", "weekly  report", "§", "привет" };

#define PICK(list) list[dice(sizeof list / sizeof *list)]

__attribute__((unused)) static void make_record(struct tp_record *record, int64_t arrival_ms)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	size_t n;

	*record = (struct tp_record){ .arrival_ms = arrival_ms, .size_bytes = dice(100000) };
	for (size_t i = 0; i < sizeof record->sha256; i++)
		record->sha256[i] = (unsigned char)dice(256);
	tp_buf_addf(&text, "%s %s <%s.%s@%s>", PICK(given), PICK(family), PICK(given), PICK(family),
		PICK(hosts));
	record->from = tp_buf_detach(&text);
	tp_buf_init(&text, 65536);
	tp_buf_addf(&text, "user%u@%s", dice(50), PICK(hosts));
	record->sender = dice(5) ? tp_buf_detach(&text) : strdup("");
	tp_buf_release(&text);
	tp_buf_init(&text, 65536);
	n = dice(4);
	for (size_t i = 0; i < n; i++)
		tp_buf_addf(&text, "%s%s <%s@%s>", i ? ", " : "", PICK(family), PICK(given),
			PICK(hosts));
	record->to = strdup(tp_buf_str(&text));
	n = dice(3);
	for (size_t i = 0; i < n; i++)
		tp_strings_addf(&record->rcpts, NULL, "rcpt%u@%s", dice(40), PICK(hosts));
	tp_buf_clear(&text);
	n = dice(6);
	for (size_t i = 0; i < n; i++)
		tp_buf_addf(&text, "%s%s", i ? " " : "", PICK(words));
	record->subject = strdup(tp_buf_str(&text));
	record->actor = strdup("uid 0");
	tp_buf_release(&text);
	tp_record_identify(record, NULL);
}

/* An archive in the folder `name`, with a key when `encrypted`. */
__attribute__((unused)) static struct tp_archive *make_archive(const char *name, bool encrypted)
{
	struct tp_error err = { TP_OK, "" };
	struct tp_archive *archive = NULL;
	struct tp_conf *conf = NULL;
	char path[8192];

	mkdir(name, 0700);
	if (encrypted) {
		snprintf(path, sizeof path, "%s/key", trash_path);
		trash_file("key",
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600);
		snprintf(path, sizeof path, "%s/archive.yaml", name);
		trash_file(path, "", 0600);
		{
			FILE *file = fopen(path, "w");

			fprintf(file, "key_file: %s/key\n", trash_path);
			fclose(file);
		}
	}
	setenv("TUBEPOST_CONFIG", "/dev/null", 1);
	snprintf(path, sizeof path, "%s/%s", trash_path, name);
	if (tp_conf_load(NULL, &conf, &err) || tp_archive_open(conf, path, true, &archive, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(99);
	}
	tp_conf_free(conf);
	return archive;
}

#endif
