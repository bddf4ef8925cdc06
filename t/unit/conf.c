/* base/conf: where the file is looked for, every type, every refusal with its place, what the
 * command line changes, secrets, the state folder. */
#include "base/conf.h"
#include "tap.h"
#include "trash.h"

static struct tp_error err;

static enum tp_status load(const char *text, struct tp_conf **conf)
{
	trash_file("c.yaml", text, 0644);
	return tp_conf_load("c.yaml", conf, &err);
}

static void refused(const char *text, const char *sentence)
{
	struct tp_conf *conf;
	enum tp_status status = load(text, &conf);

	ok(status == TP_CONFIG && !conf && !strcmp(err.text, sentence), "refused: %s (%s)",
		sentence, err.text);
	tp_conf_free(conf);
}

static void test_schema(void)
{
	struct tp_conf *conf;
	int wrong = 0, n = 0;

	ok(!tp_conf_load("/dev/null", &conf, &err), "every default is of its own type");
	for (const struct tp_conf_key *key = tp_conf_schema; key->path; key++, n++) {
		if (key->type == TP_CONF_MAP || key->type == TP_CONF_LIST) {
			wrong += key->fallback != NULL;
			continue;
		}
		wrong += tp_conf_is_set(conf, key->path) ||
			 !tp_conf_str(conf, key->path) != !key->fallback ||
			 (key->type == TP_CONF_WORD) != (key->words != NULL) || !key->help ||
			 key->help[strlen(key->help) - 1] == '.';
		for (const struct tp_conf_key *other = key + 1; other->path; other++) {
			size_t len = strlen(key->path);

			/* No key twice, none that is also a section. */
			wrong += !strncmp(key->path, other->path, len) &&
				 (!other->path[len] || other->path[len] == '.');
		}
	}
	ok(wrong == 0 && n > 20, "%d keys, none said twice, each with its help", n);
	tp_conf_free(conf);
	tp_conf_free(NULL);
}

static void test_values(void)
{
	struct tp_conf *conf;

	ok(!load("state: /s\n"
		 "detach:\n"
		 "  over: 3M\n"
		 "  jobs: 7\n"
		 "  deadline: 2m\n"
		 "  signed: wrap\n"
		 "  only: ['*.pdf', image/*]\n"
		 "  except: '*.txt'\n"
		 "inject:\n"
		 "drop:\n"
		 "  store: \"dir:/x y\"\n"
		 "  s3:\n"
		 "    region: eu\n"
		 "recipes:\n"
		 "  wesend: {login: me, deep: {er: x}, list: [1], none: }\n",
		   &conf),
		"a file with everything (%s)", err.text);
	ok(!strcmp(tp_conf_file(conf), "c.yaml"), "its name");
	ok(tp_conf_size(conf, "detach.over") == 3 << 20 && tp_conf_is_set(conf, "detach.over"),
		"a size");
	ok(tp_conf_int(conf, "detach.jobs") == 7, "a number");
	ok(tp_conf_seconds(conf, "detach.deadline") == 120, "a duration");
	ok(!strcmp(tp_conf_str(conf, "detach.signed"), "wrap"), "a word");
	ok(!strcmp(tp_conf_str(conf, "drop.store"), "dir:/x y"), "a text");
	ok(!strcmp(tp_conf_str(conf, "drop.s3.region"), "eu"), "two levels down");
	ok(tp_conf_list(conf, "detach.only")->count == 2 &&
			!strcmp(tp_conf_list(conf, "detach.only")->list[1], "image/*"),
		"a list");
	ok(tp_conf_list(conf, "detach.except")->count == 1, "a list of one, without brackets");
	ok(tp_conf_seconds(conf, "drop.expire") == 30 * 86400 &&
			!tp_conf_is_set(conf, "drop.expire"),
		"a default");
	ok(tp_conf_size(conf, "detach.fit") == 0 && !tp_conf_str(conf, "detach.fit"), "none");
	ok(!strcmp(tp_conf_map_get(conf, "recipes", "wesend.login"), "me") &&
			!strcmp(tp_conf_map_get(conf, "recipes", "wesend.deep.er"), "x"),
		"values of a map");
	ok(!tp_conf_map_get(conf, "recipes", "wesend") &&
			!tp_conf_map_get(conf, "recipes", "wesend.list") &&
			!tp_conf_map_get(conf, "recipes", "wesend.log") &&
			!tp_conf_map_get(conf, "recipes", "wesend.loginx") &&
			!tp_conf_map_get(conf, "recipes", "wesend.login.x") &&
			!tp_conf_map_get(conf, "recipes", "wesend.none") &&
			!tp_conf_map_get(conf, "recipes", "") &&
			!tp_conf_map_get(conf, "recipes", "x.y"),
		"and what is no value");
	tp_conf_free(conf);
}

static void test_refusals(void)
{
	struct tp_conf *conf;

	refused("stat: /s\n", "c.yaml:1:1: unknown key 'stat'");
	refused("a: 1\ndetach:\n  over: 1\n", "c.yaml:1:1: unknown key 'a'");
	refused("detach:\n  over: 1\n  ovr: 1\n", "c.yaml:3:3: unknown key 'detach.ovr'");
	refused("detach:\n  sub:\n    x: 1\n", "c.yaml:2:3: unknown key 'detach.sub'");
	refused("drop:\n  s3:\n    regio: x\n", "c.yaml:3:5: unknown key 'drop.s3.regio'");
	refused("drop.store: x\n", "c.yaml:1:1: unknown key 'drop.store'");
	refused("drop:\n  s3.region: x\n", "c.yaml:2:3: unknown key 'drop.s3.region'");
	refused("\"\": x\n", "c.yaml:1:1: unknown key ''");
	refused("detach: 5\n", "c.yaml:1:9: detach: not a mapping");
	refused("detach: []\n", "c.yaml:1:9: detach: not a mapping");
	refused("detach:\n  - over\n", "c.yaml:2:3: detach: not a mapping");
	refused("detach:\n  over: ten\n",
		"c.yaml:2:9: detach.over: 'ten' is not a size (such as 10M or 4.7GB)");
	refused("detach: {over: [1]}\n", "c.yaml:1:16: detach.over: not a single value");
	refused("detach: {over: {a: 1}}\n", "c.yaml:1:16: detach.over: not a single value");
	refused("detach: {over: }\n", "c.yaml:1:16: detach.over: has no value");
	refused("detach: {over: ~}\n", "c.yaml:1:16: detach.over: has no value");
	refused("state:\n", "c.yaml:1:7: state: has no value");
	refused("detach: {jobs: 1.5}\n", "c.yaml:1:16: detach.jobs: '1.5' is not a whole number");
	refused("detach: {jobs: -1}\n", "c.yaml:1:16: detach.jobs: '-1' is not a whole number");
	refused("detach: {jobs: 99999999999}\n",
		"c.yaml:1:16: detach.jobs: '99999999999' is not a whole number");
	refused("detach: {jobs: ''}\n", "c.yaml:1:16: detach.jobs: '' is not a whole number");
	refused("on_error: bounce\n", "c.yaml:1:11: on_error: 'bounce' is not one of defer|pass");
	refused("on_error: defer|pass\n",
		"c.yaml:1:11: on_error: 'defer|pass' is not one of defer|pass");
	refused("on_error: ''\n", "c.yaml:1:11: on_error: '' is not one of defer|pass");
	refused("detach: {only: {a: 1}}\n", "c.yaml:1:16: detach.only: not a list");
	refused("detach: {only: [a, [b]]}\n", "c.yaml:1:20: detach.only: not a text");
	refused("detach: {only: [a, ~]}\n", "c.yaml:1:20: detach.only: not a text");
	refused("recipes: [a]\n", "c.yaml:1:10: recipes: not a mapping");
	refused("just words\n", "c.yaml:1:1: not a mapping of settings");
	refused("- state: x\n", "c.yaml:1:1: not a mapping of settings");
	refused("state: [\n", "c.yaml:2:1: did not find expected node content");
	ok(tp_conf_load("absent.yaml", &conf, &err) == TP_CONFIG && !conf &&
			strstr(err.text, "absent.yaml"),
		"a missing file that was asked for: %s", err.text);
	ok(tp_conf_load(".", &conf, &err) == TP_CONFIG, "a folder: %s", err.text);
	ok(tp_conf_load("", &conf, &err) == TP_CONFIG, "no name: %s", err.text);
	ok(tp_conf_load("absent.yaml", &conf, NULL) == TP_CONFIG, "without an error to fill");
}

static const char *found(void)
{
	static char name[4096];
	struct tp_conf *conf;
	const char *file;

	if (tp_conf_load(NULL, &conf, &err))
		return err.text;
	file = tp_conf_file(conf);
	snprintf(name, sizeof name, "%s", file ? file : "none");
	tp_conf_free(conf);
	return name;
}

static void test_places(void)
{
	unsetenv("TUBEPOST_CONFIG");
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "home", 1);
	if (access(TP_SYSCONFDIR "/config.yaml", F_OK) == 0)
		skip("no file anywhere", "this machine has " TP_SYSCONFDIR "/config.yaml");
	else
		ok(!strcmp(found(), "none"), "no file anywhere");
	mkdir("home", 0755);
	mkdir("home/.config", 0755);
	mkdir("home/.config/tubepost", 0755);
	trash_file("home/.config/tubepost/config.yaml", "", 0644);
	ok(!strcmp(found(), "home/.config/tubepost/config.yaml"), "the home's");
	mkdir("xdg", 0755);
	mkdir("xdg/tubepost", 0755);
	trash_file("xdg/tubepost/config.yaml", "", 0644);
	setenv("XDG_CONFIG_HOME", "xdg", 1);
	ok(!strcmp(found(), "xdg/tubepost/config.yaml"), "XDG_CONFIG_HOME in its place");
	trash_file("env.yaml", "", 0644);
	setenv("TUBEPOST_CONFIG", "env.yaml", 1);
	ok(!strcmp(found(), "env.yaml"), "TUBEPOST_CONFIG before it");
	setenv("TUBEPOST_CONFIG", "gone.yaml", 1);
	ok(strstr(found(), "gone.yaml: No such file"), "which must exist");
	setenv("TUBEPOST_CONFIG", "", 1);
	ok(!strcmp(found(), "xdg/tubepost/config.yaml"), "and counts for nothing when empty");
	trash_file("xdg/tubepost/config.yaml", "x: 1\n", 0644);
	ok(strstr(found(), "xdg/tubepost/config.yaml:1:1:"), "a bad one there is an error");
	setenv("TUBEPOST_CONFIG", "/dev/null", 1);
}

static void test_command_line(void)
{
	struct tp_conf *conf;

	load("detach: {over: 3M, only: [a, b]}\n", &conf);
	ok(!tp_conf_set(conf, "detach.over", "5M", "--over", &err) &&
			tp_conf_size(conf, "detach.over") == 5 << 20,
		"the command line wins");
	ok(tp_conf_set(conf, "detach.over", "x", "--over", &err) == TP_USAGE &&
			!strncmp(err.text, "--over: 'x' is not a size", 25) &&
			tp_conf_size(conf, "detach.over") == 5 << 20,
		"a bad value names the option: %s", err.text);
	ok(!tp_conf_set(conf, "detach.only", "c", "--only", &err) &&
			!tp_conf_set(conf, "detach.only", "d", "--only", &err) &&
			tp_conf_list(conf, "detach.only")->count == 2 &&
			!strcmp(tp_conf_list(conf, "detach.only")->list[0], "c"),
		"a list starts anew, then adds");
	ok(!tp_conf_set(conf, "detach.except", "e", "--except", &err) &&
			tp_conf_list(conf, "detach.except")->count == 1,
		"also one that was not set");
	tp_conf_free(conf);
}

/* A value that only its user can judge is refused as it was given. */
static void test_judged(void)
{
	struct tp_conf *conf;

	load("detach:\n  over: 3M\n", &conf);
	ok(tp_conf_fail(conf, "detach.over", &err, "too %s", "much") == TP_CONFIG &&
			!strcmp(err.text, "c.yaml:2:9: detach.over: too much"),
		"in the file: %s", err.text);
	ok(tp_conf_fail(conf, "detach.fit", &err, "%s", err.text) == TP_CONFIG &&
			!strcmp(err.text, "detach.fit: c.yaml:2:9: detach.over: too much"),
		"nowhere, of a sentence that was there: %s", err.text);
	tp_conf_set(conf, "detach.over", "5M", "--over", &err);
	ok(tp_conf_fail(conf, "detach.over", &err, "too much") == TP_USAGE &&
			!strcmp(err.text, "--over: too much"),
		"on the command line: %s", err.text);
	tp_conf_free(conf);
}

static void map_is(const struct tp_conf *conf, const char *name, const char *sentence)
{
	static char login[] = "login", file[] = "password_file";
	static char *words[] = { login, file, NULL };
	const struct tp_strings known = { words, 2, 2 };
	enum tp_status status = tp_conf_map_check(conf, "recipes", name, &known, &err);

	ok(sentence ? status == TP_CONFIG && !strcmp(err.text, sentence) : !status, "recipe %s: %s",
		name, sentence ? err.text : "fine");
}

static void test_maps(void)
{
	struct tp_conf *conf;

	load("recipes:\n  a: {login: me, password_file: f}\n  b:\n  c: [login]\n  d: {logi: me}\n"
	     "  e: {login: {x: y}}\n  f: {login: }\n",
		&conf);
	map_is(conf, "a", NULL);
	map_is(conf, "b", NULL);
	map_is(conf, "c", "c.yaml:4:6: recipes.c: not a mapping");
	map_is(conf, "d", "c.yaml:5:7: unknown key 'recipes.d.logi'");
	map_is(conf, "e", "c.yaml:6:14: recipes.e.login: not a single value");
	map_is(conf, "f", NULL);
	map_is(conf, "gone", NULL);
	tp_conf_free(conf);
	load("", &conf);
	map_is(conf, "a", NULL);
	tp_conf_free(conf);
}

static void secret_is(
	const struct tp_conf *conf, const char *key, enum tp_status want, const char *text)
{
	struct tp_buf out = TP_BUF_INIT(64);
	enum tp_status got = tp_conf_secret(conf, key, &out, &err);

	ok(got == want && (got || !strcmp(tp_buf_str(&out), text)), "secret %s: %s", key,
		got == TP_CONFIG ? err.text
		: text           ? text
				 : "none");
	tp_buf_release(&out);
}

static void test_secrets(void)
{
	struct tp_buf out = TP_BUF_INIT(64);
	struct tp_conf *conf;

	trash_file("s", "from file\n", 0600);
	trash_file("open", "from file\n", 0644);
	load("drop: {s3: {secret_key_file: s, session_token_file: open}, "
	     "webdav: {password_file: gone}}\nrecipes: {wesend: {password_file: s}}\n",
		&conf);
	secret_is(conf, "drop.s3.secret_key", TP_OK, "from file");
	secret_is(conf, "drop.s3.session_token", TP_CONFIG, NULL);
	secret_is(conf, "drop.webdav.password", TP_CONFIG, NULL);
	secret_is(conf, "drop.webdav.token", TP_NOTHING, NULL);
	setenv("TUBEPOST_DROP_S3_SECRET_KEY", "from environment", 1);
	secret_is(conf, "drop.s3.secret_key", TP_OK, "from environment");
	setenv("TUBEPOST_DROP_S3_SECRET_KEY", "", 1);
	secret_is(conf, "drop.s3.secret_key", TP_OK, "from file");
	ok(!tp_conf_map_secret(conf, "recipes", "wesend.password", &out, &err) &&
			!strcmp(out.data, "from file"),
		"a recipe's, from its file");
	tp_buf_clear(&out);
	setenv("TUBEPOST_RECIPES_WESEND_PASSWORD", "env", 1);
	ok(!tp_conf_map_secret(conf, "recipes", "wesend.password", &out, &err) &&
			!strcmp(out.data, "env"),
		"a recipe's, from the environment");
	ok(tp_conf_map_secret(conf, "recipes", "other.password", &out, &err) == TP_NOTHING,
		"a recipe's that is nowhere");
	tp_buf_release(&out);
	tp_conf_free(conf);
}

static void state_is(const char *text, const char *want)
{
	struct tp_buf out = TP_BUF_INIT(4096);
	struct tp_conf *conf;

	if (!load(text, &conf) && !tp_conf_state_path(conf, "x", &out, &err))
		ok(!strcmp(out.data, want), "state: %s (%s)", want, out.data);
	else
		ok(!want, "state: %s", err.text);
	tp_buf_release(&out);
	tp_conf_free(conf);
}

static void test_state(void)
{
	setenv("TUBEPOST_STATE", "/env", 1);
	state_is("state: /conf\n", "/conf/x");
	state_is("", "/env/x");
	state_is("state: ''\n", "/env/x");
	setenv("TUBEPOST_STATE", "", 1);
	setenv("HOME", "/home/me", 1);
	state_is("", geteuid() ? "/home/me/.local/state/tubepost/x" : "/var/lib/tubepost/x");
	if (geteuid() == 0 && seteuid(65534))
		return;
	chmod("c.yaml", 0666);
	{
		struct tp_buf out = TP_BUF_INIT(4096);
		struct tp_conf *conf;

		ok(!tp_conf_load("/dev/null", &conf, &err) &&
				!tp_conf_state_path(conf, NULL, &out, &err) &&
				!strcmp(out.data, "/home/me/.local/state/tubepost"),
			"a user's is at home");
		tp_buf_clear(&out);
		unsetenv("HOME");
		ok(tp_conf_state_path(conf, NULL, &out, &err) == TP_CONFIG, "nowhere: %s",
			err.text);
		tp_buf_release(&out);
		tp_conf_free(conf);
	}
	if (seteuid(getuid()))
		exit(99);
}

int main(void)
{
	trash_make();
	setenv("TUBEPOST_CONFIG", "/dev/null", 1);
	test_schema();
	test_values();
	test_refusals();
	test_places();
	test_command_line();
	test_judged();
	test_maps();
	test_secrets();
	test_state();
	return done_testing();
}
