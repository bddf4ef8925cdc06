/*
 * White lists: who is never made to wait. Entries stand in the configuration and in files, one a line,
 * that a script may append to; a `#` begins a comment.
 *
 *   192.0.2.7  2001:db8::7       a client
 *   192.0.2.0/24  2001:db8::/32  a network of clients; 192.0.2 is the same as the first
 *   news@example.org             a sender, or a recipient
 *   example.org  @example.org    a domain: that of the sender or of the client's verified name, or
 *                                that of the recipient
 *   .example.org                 the same and all domains under it
 *   postmaster@                  this local part at any domain
 *
 * Lists of recipients take no addresses of clients. Files are looked at (stat) before each use and
 * read again when they changed. A last line without its end is somebody's half-written append and
 * does not count yet. A line that is none of these is told in the log and changes nothing else, for a
 * list must not stop the mail. A file that is not there any more keeps its last reading for as long as
 * the process lives, which is told once: who wants it empty empties it.
 */
#ifndef TP_GREYLIST_WHITE_H
#define TP_GREYLIST_WHITE_H

#include <netinet/in.h>

#include "base/strings.h"
#include "greylist/wordset.h"

struct tp_white;

/* Both lists are borrowed until free. TP_CONFIG when an entry of the configuration is none. `clients`:
 * addresses and networks may stand in it. */
enum tp_status tp_white_new(const struct tp_strings *entries, const struct tp_strings *files,
	bool clients, struct tp_white **white, struct tp_error *err);
void tp_white_free(struct tp_white *white);

/* Reads changed files again. TP_NOMEM; what could not be read is then as it was. */
enum tp_status tp_white_refresh(struct tp_white *white, struct tp_error *err);

bool tp_white_has_ip(const struct tp_white *white, const struct in6_addr *address);
bool tp_white_has_address(const struct tp_white *white, const char *address);
bool tp_white_has_domain(const struct tp_white *white, const char *domain);

#endif
