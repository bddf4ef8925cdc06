/* The window: see window.h. */
#include "greylist/window.h"

#include <stdlib.h>

/* A success is written again when a fiftieth of its life is over. */
#define RENEW_PARTS 50

bool tp_window_renews(const struct tp_window *window, int64_t last, int64_t now)
{
	return now < last || now - last > window->keep / RENEW_PARTS;
}

static struct tp_step begin(
	const struct tp_window *window, struct tp_entry *entry, enum tp_word word, int64_t now)
{
	entry->first = entry->last = now;
	entry->until = now + window->keep_waiting;
	entry->word = (int)word;
	return (struct tp_step){ .word = word, .changed = true, .wait = window->open };
}

static struct tp_step pass(
	const struct tp_window *window, struct tp_entry *entry, const char *reason, int64_t now)
{
	int64_t waited = now - entry->first;

	entry->passed = entry->last = now;
	entry->count = 1;
	entry->until = now + window->keep;
	entry->word = TP_WORD_PASS;
	return (struct tp_step){ .word = TP_WORD_PASS,
		.reason = reason,
		.success = true,
		.changed = true,
		.waited = waited > 0 ? waited : 0 };
}

static struct tp_step known(const struct tp_window *window, struct tp_entry *entry, int64_t now)
{
	struct tp_step step = { .word = TP_WORD_PASS, .reason = "known" };

	if (tp_window_renews(window, entry->last, now)) {
		entry->last = now;
		entry->count++;
		entry->until = now + window->keep;
		step.changed = true;
	}
	return step;
}

static struct tp_step early(
	const struct tp_window *window, struct tp_entry *entry, int64_t age, int64_t now)
{
	struct tp_step step = { .wait = window->open - age };

	/* Either way: two hosts' clocks differ by seconds. */
	if (llabs(now - entry->last) <= TP_WINDOW_SAME && entry->word != TP_WORD_PASS) {
		step.word = (enum tp_word)entry->word;
		return step;
	}
	entry->last = now;
	entry->word = TP_WORD_EARLY;
	step.word = TP_WORD_EARLY;
	step.changed = true;
	return step;
}

struct tp_step tp_window_try(
	const struct tp_window *window, struct tp_entry *entry, bool found, int64_t now)
{
	int64_t age;

	if (!found) {
		*entry = (struct tp_entry){ .kind = TP_STATE_KEY };
		return begin(window, entry, TP_WORD_FIRSTTRY, now);
	}
	if (entry->passed)
		return known(window, entry, now);
	age = now - entry->first;
	if (age < -window->open)
		return begin(window, entry, TP_WORD_FIRSTTRY, now);
	if (age < 0)
		age = 0;
	if (age < window->open)
		return early(window, entry, age, now);
	if (age <= window->close)
		return pass(window, entry, "waited", now);
	if (entry->late++ > 0)
		return pass(window, entry, "late-again", now);
	return begin(window, entry, TP_WORD_LATE, now);
}
