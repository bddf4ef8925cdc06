/* archive/import_age: when a message arrived, by what its container says. */
#include "archive/import_age.h"
#include "tap.h"

#include <string.h>

static void from_is(const char *line, int64_t seconds, const char *sender)
{
	size_t begin = 0, end = 0;
	int64_t ms = tp_import_from_line(line, strlen(line), &begin, &end);
	bool right = sender ? ms == seconds * 1000 && end - begin == strlen(sender) &&
				      !memcmp(line + begin, sender, end - begin)
			    : ms == TP_IMPORT_NO_LINE;

	ok(right, "%s", line);
}

int main(void)
{
	static const char mail[] =
		"X: y\nReceived: from a\n by b (c; d); Fri, 1 Jul 2005 09:30:00 +0200\n"
		"Received: x; Sat, 2 Jul 2005 09:30:00 +0200\n\nbody\n";
	static const char none[] = "Subject: x\n\nReceived: x; Sat, 2 Jul 2005 09:30:00 +0200\n";

	from_is("From ann@example.org Fri Jul  1 09:30:00 2005", 1120210200, "ann@example.org");
	from_is("From ann@example.org  Fri Jul 01 09:30 2005", 1120210200, "ann@example.org");
	from_is("From ann@example.org Fri Jul  1 09:30:00 2005 +0200", 1120203000,
		"ann@example.org");
	from_is("From ann@example.org Fri Jul  1 09:30:00 EST 2005", 1120228200, "ann@example.org");
	from_is("From ann@example.org Fri, 1 Jul 2005 09:30:00 +0200", 1120203000,
		"ann@example.org");
	from_is("From a!b!ann Fri Jul  1 09:30:00 2005 remote from host", 1120210200, "a!b!ann");
	from_is("From - Fri Jul  1 09:30:00 2005", 1120210200, "-");
	from_is("From MAILER-DAEMON Fri Jul  1 09:30:00 2005", 1120210200, "MAILER-DAEMON");
	from_is("From  Fri Jul  1 09:30:00 2005", 1120210200, "");
	from_is("From \"Fri \"@example.org Fri Jul  1 09:30:00 2005", 1120210200,
		"\"Fri \"@example.org");
	from_is("From here on Friday we wait", 0, NULL);
	from_is("From Fri to Sun", 0, NULL);
	from_is("From Fri Jul 1 2005 on", 0, NULL);
	from_is("From", 0, NULL);
	from_is("From ", 0, NULL);
	from_is(">From ann@example.org Fri Jul  1 09:30:00 2005", 0, NULL);
	ok(tp_import_received(mail, strlen(mail)) == 1120203000000,
		"the topmost Received, behind its last `;`");
	ok(tp_import_received(none, strlen(none)) == 0, "not one in the body");
	ok(tp_import_received("", 0) == 0, "not in nothing");
	ok(tp_import_maildir_time("1120210200.M1P2.host:2,S") == 1120210200000, "a Maildir name");
	ok(tp_import_maildir_time("112021020.x") == 112021020000, "an early one");
	ok(tp_import_maildir_time("1120210200") == 0, "a number alone is none");
	ok(tp_import_maildir_time("11202102001234.x") == 0, "nor is one that is too long");
	ok(tp_import_maildir_time("mail.1") == 0 && tp_import_maildir_time("") == 0,
		"nor any name");
	return done_testing();
}
