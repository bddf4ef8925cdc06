/*
 * Every configuration key of every tool: type, default, meaning. tubepost.yaml(5) lists the same
 * keys (a test compares), the tools' --help shows the defaults from here.
 */
#include "base/conf.h"

const struct tp_conf_key tp_conf_schema[] = {
	/* All tools */
	{ "state", TP_CONF_STRING, NULL, NULL, "folder of ledgers, stores and secrets" },
	{ "log", TP_CONF_STRING, "stderr", NULL, "stderr, syslog, or a file to append to" },
	{ "secret_file", TP_CONF_STRING, NULL, NULL,
		"64 hexadecimal digits that seal stubs; made in the state folder when not set" },
	{ "on_error", TP_CONF_WORD, "defer", "defer|pass",
		"what a mail filter does when it fails: exit 75, or pass the mail unchanged" },

	/* detach-upload */
	{ "detach.over", TP_CONF_SIZE, "10M", NULL,
		"attachment weight above which all attachments leave" },
	{ "detach.fit", TP_CONF_SIZE, NULL, NULL,
		"let the fewest attachments leave, largest first, until the mail is this small" },
	{ "detach.part_over", TP_CONF_SIZE, NULL, NULL,
		"let only attachments leave that are larger than this" },
	{ "detach.only", TP_CONF_LIST, NULL, NULL, "patterns of names or types that may leave" },
	{ "detach.except", TP_CONF_LIST, NULL, NULL, "patterns of names or types that stay" },
	{ "detach.uploader", TP_CONF_STRING, NULL, NULL,
		"program that uploads instead of drop-put, run by sh" },
	{ "detach.jobs", TP_CONF_INTEGER, "4", NULL, "uploads at once" },
	{ "detach.max_files", TP_CONF_INTEGER, "200", NULL,
		"a mail from which more attachments would leave passes unchanged" },
	{ "detach.deadline", TP_CONF_DURATION, "240s", NULL, "time for all uploads of one mail" },
	{ "detach.signed", TP_CONF_WORD, "skip", "skip|wrap",
		"signed mail: leave it alone, or upload it whole as a file" },
	{ "detach.foreign_dkim", TP_CONF_WORD, "skip", "skip|detach",
		"mail that carries a DKIM signature already: leave it alone, or detach all the same" },

	/* link-inject */
	{ "inject.position", TP_CONF_WORD, "foot", "head|foot", "where the text goes" },
	{ "inject.template", TP_CONF_STRING, NULL, NULL, "text template" },
	{ "inject.html_template", TP_CONF_STRING, NULL, NULL, "HTML template" },
	{ "inject.lang", TP_CONF_WORD, "auto", "en|fr|de|es|auto", "language of the built-in texts" },
	{ "inject.default_lang", TP_CONF_WORD, "en", "en|fr|de|es",
		"language when the mail does not say its own" },
	{ "inject.trust", TP_CONF_WORD, "own", "own|any",
		"which stubs become links: those sealed with our secret, or any" },

	/* drop-put, and what detach-upload hands on to it */
	{ "drop.store", TP_CONF_STRING, NULL, NULL,
		"dir:PATH, webdav+https://..., s3://BUCKET/PREFIX or recipe:NAME" },
	{ "drop.base_url", TP_CONF_STRING, NULL, NULL, "where the store is published" },
	{ "drop.expire", TP_CONF_DURATION, "30d", NULL, "life of a link" },
	{ "drop.max_expire", TP_CONF_DURATION, "60d", NULL, "longest life that may be asked for" },
	{ "drop.deadline", TP_CONF_DURATION, "240s", NULL, "time for one upload, retries included" },
	{ "drop.tries", TP_CONF_INTEGER, "8", NULL, "attempts of one request" },
	{ "drop.stall", TP_CONF_DURATION, "60s", NULL,
		"how long a transfer may go without moving" },
	{ "drop.ca_file", TP_CONF_STRING, NULL, NULL,
		"certificates to trust in place of the system's" },
	{ "drop.proxy", TP_CONF_STRING, NULL, NULL,
		"URL of an HTTP proxy; the environment's is not used" },

	/* Stores */
	{ "drop.webdav.user", TP_CONF_STRING, NULL, NULL, "user name" },
	{ "drop.webdav.password_file", TP_CONF_STRING, NULL, NULL, "file with the password" },
	{ "drop.webdav.token_file", TP_CONF_STRING, NULL, NULL,
		"file with a bearer token, in place of user and password" },
	{ "drop.s3.endpoint", TP_CONF_STRING, NULL, NULL,
		"URL of the service; Amazon's of the region when not set" },
	{ "drop.s3.region", TP_CONF_STRING, "us-east-1", NULL, "region that requests are signed for" },
	{ "drop.s3.access_key", TP_CONF_STRING, NULL, NULL, "access key id" },
	{ "drop.s3.secret_key_file", TP_CONF_STRING, NULL, NULL, "file with the secret access key" },
	{ "drop.s3.session_token_file", TP_CONF_STRING, NULL, NULL, "file with a session token" },
	{ "drop.s3.style", TP_CONF_WORD, "auto", "auto|path|host",
		"bucket in the path or in the host name; auto: path when an endpoint is set" },
	{ "drop.s3.acl", TP_CONF_STRING, NULL, NULL, "canned ACL of new objects, e.g. public-read" },
	{ "drop.s3.part_size", TP_CONF_SIZE, "64M", NULL,
		"larger files are uploaded in parts of this size (at least 5 MiB)" },

	/* Archive */
	{ "archive.path", TP_CONF_STRING, NULL, NULL,
		"folder of the archive; `archive` in the state folder when not set" },
	{ "archive.actor", TP_CONF_STRING, NULL, NULL,
		"who acts, for records and events; the user's number when not set" },

	/* Recipes */
	{ "recipe_path", TP_CONF_STRING, NULL, NULL,
		"folders with recipes, separated by colons, searched first" },
	{ "recipes", TP_CONF_MAP, NULL, NULL, "settings of recipes, by recipe" },

	{ NULL, TP_CONF_STRING, NULL, NULL, NULL },
};
