/*
 * The policy protocol: requests of `name=value` lines on one descriptor, answers on another. Two
 * callers speak it: Postfix (SMTPD_POLICY_README), with a blank line behind each request and a
 * connection that lives for many, and Exim's ${readsocket}, with one request that ends with the
 * connection's end (or with a blank line; both are taken). This module reads requests into facts and
 * writes answers; what to answer is greylist/engine.h's.
 *
 * Attributes that count, each at most once except `recipient` and `doubt`; any other name is
 * skipped, whatever its value, for Postfix adds some with every release:
 *   request=smtpd_access_policy   demanded of Postfix's form, not of the single request
 *   client_address=IP   sender=ADDRESS   recipient=ADDRESS (may repeat)   helo_name=NAME
 *   client_name=NAME (verified; `unknown` is none), else reverse_client_name=NAME
 *   sasl_username=NAME  (not empty: authenticated)
 * and those that Postfix does not have and Exim's ACLs do:
 *   spf=RESULT   spf_domain=DOMAIN   doubt=REASON[=WEIGHT] (may repeat)   always=yes|no
 *   authenticated=NAME (as sasl_username)
 * An empty value is "not known" (sender= is the null sender, though). A client_address that is no
 * address is as if it were not there (Postfix says `unknown` when it lost the client), and so is an
 * SPF result that is none.
 *
 * Trouble is a line without `=` or without a name before it, a NUL, a doubled attribute that must
 * stand once, a value longer than TP_FACT_MAX that counts, a CR inside one, a doubt without a reason,
 * an `always` that is neither yes nor no, a request with nothing in it, one of more than
 * TP_POLICY_REQUEST_MAX bytes, an end of file amidst a request of Postfix's form. Nothing is
 * answered then and the caller closes: Postfix defers by itself. Eight-bit bytes are no trouble. A
 * line ends with LF; a CR before it belongs to no value.
 *
 * Reading is by large reads: what lies behind a request stays for the next one, so a client may send
 * many before it reads an answer.
 */
#ifndef TP_GREYLIST_POLICY_H
#define TP_GREYLIST_POLICY_H

#include "greylist/facts.h"

/* 10,000 recipients of 320 bytes, and what stands around them. */
#define TP_POLICY_REQUEST_MAX ((size_t)4 << 20)

enum tp_policy_form {
	TP_POLICY_LOOP,   /* Postfix: many requests, a blank line behind each */
	TP_POLICY_SINGLE, /* Exim: one, up to the end of file or a blank line */
};

struct tp_policy {
	enum tp_policy_form form;
	int in, out;        /* descriptors, borrowed */
	struct tp_buf text; /* read and not yet taken: [at, text.len) */
	size_t at;
	bool ended; /* end of file was met */
};

/* Takes no memory before the first read. */
void tp_policy_init(struct tp_policy *policy, enum tp_policy_form form, int in, int out);
void tp_policy_release(struct tp_policy *policy);

/* Waits for the next request and fills *facts, which it clears before. TP_NOTHING: the connection
 * ended where a request may begin (the single form gives that for its second call, and for an empty
 * first request TP_DATA). TP_DATA, TP_LIMIT: trouble, see above; the error tells which attribute.
 * TP_IO. A read that a signal interrupts goes on. */
enum tp_status tp_policy_read(
	struct tp_policy *policy, struct tp_facts *facts, struct tp_error *err);

/* The same for a request that lies in memory, text[0, len), without its blank line. For tests and
 * the fuzz target. */
enum tp_status tp_policy_parse(enum tp_policy_form form, const char *text, size_t len,
	struct tp_facts *facts, struct tp_error *err);

/* Writes an answer, whole: `action=ACTION` and a blank line in the loop, the bare ACTION and a line
 * end in the single form. `action` is one line and is scrubbed of control characters. TP_IO. */
enum tp_status tp_policy_answer(struct tp_policy *policy, const char *action, struct tp_error *err);

/* Writes the request that tells these facts, for --replay's tests, scripts and the perf client: the
 * attributes above that are known, in the order of the list, and the blank line. */
enum tp_status tp_policy_write(
	const struct tp_facts *facts, struct tp_buf *out, struct tp_error *err);

#endif
