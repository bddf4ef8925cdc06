/* Media, room and reckoning: see plan.h. */
#include "disc/plan.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"

/* --- media ------------------------------------------------------------------------------------ */

/* The literal 4.7 GB is the least of what is sold as such, so the default fits all of them. A BD-R is
 * taken as burners format it by default, with defect management. */
static const struct tp_medium media[] = {
	{ "dvd", 2294921 },
	{ "dvd+r", 2295104 },
	{ "dvd-r", 2298496 },
	{ "dvd-dl", 4173824 },
	{ "bd", 11826176 },
};

#define LEAST_SECTORS 256                  /* page and texts alone take most of it */
#define MOST_SECTORS  UINT64_C(0x7fffffff) /* of what ISO 9660 can address, half */

enum tp_status tp_medium_parse(const char *text, struct tp_medium *medium, struct tp_error *err)
{
	uint64_t bytes;
	enum tp_status status;

	for (size_t i = 0; i < sizeof media / sizeof *media; i++)
		if (!strcmp(text, media[i].name)) {
			*medium = media[i];
			return TP_OK;
		}
	status = tp_size_parse(text, &bytes, NULL);
	if (status)
		return tp_fail(err, TP_USAGE,
			"'%s' is neither dvd, dvd+r, dvd-r, dvd-dl, bd nor a size", text);
	medium->name = "size";
	medium->sectors = bytes / TP_SECTOR;
	if (medium->sectors < LEAST_SECTORS)
		return tp_fail(err, TP_USAGE, "'%s' is less than a disc with one mail takes", text);
	if (medium->sectors > MOST_SECTORS)
		return tp_fail(err, TP_USAGE, "'%s' is more than a disc can be", text);
	return TP_OK;
}

/* --- error correction ------------------------------------------------------------------------- */

#define LAYERS      255 /* RS03 works on bytes of GF(2^8) */
#define LEAST_ROOTS 8
#define RS03_HEADER 2 /* sectors behind the image */

/* What dvdisaster fills up to. */
static const uint64_t rs03_media[] = { 359424, 2295104, 4171712, 11826176 };

#define RS03_MEDIA (sizeof rs03_media / sizeof *rs03_media)

/* The largest image that reaches so many percent; with 0, the largest at all. */
static uint64_t rs03_room(uint64_t medium_sectors, unsigned percent)
{
	/* roots >= percent of data, where data and roots are all but the layer of checksums */
	uint64_t data = (LAYERS - 1) * 100 / (100 + (uint64_t)percent);

	if (data > LAYERS - 1 - LEAST_ROOTS)
		data = LAYERS - 1 - LEAST_ROOTS;
	return data * (medium_sectors / LAYERS) - RS03_HEADER;
}

/* The literal 4.7 GB stands for DVDs of both kinds, the smaller of which dvdisaster fills. */
static size_t rs03_medium(const struct tp_medium *medium)
{
	uint64_t sectors = strcmp(medium->name, "dvd") ? medium->sectors : rs03_media[1];
	size_t i = RS03_MEDIA;

	while (i && rs03_media[i - 1] / LAYERS * LAYERS > sectors)
		i--;
	return i;
}

enum tp_status tp_ecc_room(
	const struct tp_medium *medium, unsigned percent, uint64_t *sectors, struct tp_error *err)
{
	size_t i = rs03_medium(medium);

	*sectors = medium->sectors;
	if (!percent)
		return TP_OK;
	if (percent > 200)
		return tp_fail(err, TP_USAGE, "%u is no percentage from 1 to 200", percent);
	if (!i)
		return tp_fail(err, TP_USAGE,
			"dvdisaster fills no medium as small as %" PRIu64 " sectors",
			medium->sectors);
	*sectors = rs03_room(rs03_media[i - 1], percent);
	return TP_OK;
}

uint64_t tp_ecc_tail(const struct tp_medium *medium, unsigned percent, uint64_t sectors)
{
	for (size_t i = 0; percent && i + 1 < rs03_medium(medium); i++) {
		uint64_t largest = rs03_room(rs03_media[i], 0);

		if (sectors > rs03_room(rs03_media[i], percent) && sectors <= largest)
			return largest + 1 - sectors;
	}
	return 0;
}

/* --- reckoning along -------------------------------------------------------------------------- */

/* Fixed lengths that libisofs writes: directory records of ECMA-119 9.1, System Use entries of Rock
 * Ridge (PX, TF with three short times, NM). */
#define RECORD       33
#define ROCK_RIDGE   (36 + 26 + 5)
#define ISO_NAME_MAX 31
#define ISO_FIRST    (2 * (RECORD + 1 + 36 + 26)) /* `.` and `..` */
#define JOLIET_FIRST (2 * (RECORD + 1))
/* The root's also tell of Rock Ridge. */
#define ISO_ROOT    (ISO_FIRST + 7 + 28)
#define VERSION     2 /* `;1` */
#define PATH_RECORD 8
/* System area, three descriptors, where Rock Ridge is explained, a sector for files without content. */
#define FRAME                (16 + 3 + 1 + 1)
#define LEAST_BEFORE_CONTENT 33

static uint64_t sectors_of(uint64_t bytes)
{
	return bytes / TP_SECTOR + (bytes % TP_SECTOR != 0);
}

static void add_record(uint64_t *sectors, unsigned *used, size_t len)
{
	len += len & 1;
	if (*used + len > TP_SECTOR) {
		(*sectors)++;
		*used = 0;
	}
	*used += (unsigned)len;
}

static void add_entry(struct tp_layout *layout, size_t name_len, size_t version)
{
	size_t iso = name_len < ISO_NAME_MAX ? name_len : ISO_NAME_MAX;

	add_record(&layout->folders, &layout->iso_used,
		RECORD + ((iso + version) | 1) + ROCK_RIDGE + name_len);
	add_record(&layout->joliet, &layout->joliet_used, RECORD + 2 * (name_len + version));
}

static void open_folder(struct tp_layout *layout, unsigned iso, unsigned joliet)
{
	layout->folders++;
	layout->joliet++;
	layout->iso_used = iso;
	layout->joliet_used = joliet;
}

void tp_layout_init(struct tp_layout *layout)
{
	*layout =
		(struct tp_layout){ .iso_paths = PATH_RECORD + 2, .joliet_paths = PATH_RECORD + 2 };
	open_folder(layout, ISO_ROOT, JOLIET_FIRST);
}

void tp_layout_enter(struct tp_layout *layout, size_t name_len)
{
	/* Where its own entry stands is not kept: its share is counted in sectors of its parent that
	 * fill up now and then. */
	size_t iso = RECORD + (name_len | 1) + ROCK_RIDGE + name_len;

	layout->parent_bytes += iso + (iso & 1);
	layout->iso_paths += PATH_RECORD + name_len + (name_len & 1);
	layout->joliet_paths += PATH_RECORD + 2 * name_len;
	open_folder(layout, ISO_FIRST, JOLIET_FIRST);
}

void tp_layout_file(struct tp_layout *layout, size_t name_len, uint64_t size_bytes)
{
	layout->content += sectors_of(size_bytes);
	add_entry(layout, name_len, VERSION);
}

uint64_t tp_layout_sectors(const struct tp_layout *layout)
{
	/* 17 entries of a folder fit in a sector, and Joliet's are smaller. */
	uint64_t parents = 2 * sectors_of(layout->parent_bytes + layout->parent_bytes / 16);
	uint64_t before = FRAME + layout->folders + layout->joliet + parents +
			  2 * sectors_of(layout->iso_paths) + 2 * sectors_of(layout->joliet_paths);

	if (before < LEAST_BEFORE_CONTENT)
		before = LEAST_BEFORE_CONTENT;
	return before + layout->content;
}

/* --- the plan --------------------------------------------------------------------------------- */

void tp_disc_plan_release(struct tp_disc_plan *plan)
{
	free(plan->months);
	plan->months = NULL;
	plan->month_count = 0;
}

/* Where the month stands, or would stand: mails come by their ids, which do not tell times before 1970
 * apart. */
static size_t place_of_month(const struct tp_disc_plan *plan, int64_t year, int month)
{
	size_t begin = 0, end = plan->month_count;

	while (begin < end) {
		size_t middle = begin + (end - begin) / 2;
		const struct tp_plan_month *m = &plan->months[middle];

		if (m->year < year || (m->year == year && m->month < month))
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

static enum tp_status add_month(
	struct tp_disc_plan *plan, size_t at, int64_t year, int month, struct tp_error *err)
{
	struct tp_plan_month *grown;

	/* The list's room doubles when its length is a power of two. */
	if (!(plan->month_count & (plan->month_count - 1))) {
		size_t cap = plan->month_count ? plan->month_count * 2 : 1;

		grown = reallocarray(plan->months, cap, sizeof *grown);
		if (!grown)
			return tp_fail(err, TP_NOMEM, "plan: out of memory");
		plan->months = grown;
	}
	memmove(plan->months + at + 1, plan->months + at,
		(plan->month_count - at) * sizeof *plan->months);
	plan->month_count++;
	plan->months[at] = (struct tp_plan_month){ .year = (int)year, .month = month };
	return TP_OK;
}

enum tp_status tp_disc_plan_count(
	struct tp_disc_plan *plan, int64_t arrival_ms, uint64_t size_bytes, struct tp_error *err)
{
	int64_t day = arrival_ms / 86400000 - (arrival_ms % 86400000 < 0), year;
	int month, of_month;
	size_t at;

	tp_civil_from_days(day, &year, &month, &of_month);
	at = place_of_month(plan, year, month);
	if (at == plan->month_count || plan->months[at].year != year ||
		plan->months[at].month != month) {
		enum tp_status status = add_month(plan, at, year, month, err);

		if (status)
			return status;
	}
	plan->months[at].mails++;
	plan->months[at].bytes += size_bytes;
	if (!plan->mails || arrival_ms < plan->first_ms)
		plan->first_ms = arrival_ms;
	if (!plan->mails || arrival_ms > plan->last_ms)
		plan->last_ms = arrival_ms;
	plan->mails++;
	plan->bytes += size_bytes;
	return TP_OK;
}

static void add_time(struct tp_buf *out, int64_t arrival_ms)
{
	tp_date_rfc3339(arrival_ms / 1000 - (arrival_ms % 1000 < 0), out);
}

static void print_json(const struct tp_disc_plan *plan, struct tp_buf *out)
{
	struct tp_buf time = TP_BUF_INIT(64);

	tp_buf_addc(out, '{');
	tp_json_pair(out, "serial", plan->serial[0] ? plan->serial : NULL);
	tp_json_pair(out, "medium", plan->medium.name);
	tp_json_pair_int(out, "medium_sectors", (int64_t)plan->medium.sectors);
	tp_json_pair_int(out, "ecc_percent", plan->ecc_percent);
	tp_json_pair_int(out, "room", (int64_t)plan->room);
	tp_json_pair_int(out, "sectors", (int64_t)plan->sectors);
	tp_json_pair_int(out, "bytes", (int64_t)plan->sectors * TP_SECTOR);
	tp_json_pair_int(out, "mails", (int64_t)plan->mails);
	tp_json_pair_int(out, "mail_bytes", (int64_t)plan->bytes);
	add_time(&time, plan->first_ms);
	tp_json_pair(out, "first", tp_buf_str(&time));
	tp_buf_clear(&time);
	add_time(&time, plan->last_ms);
	tp_json_pair(out, "last", tp_buf_str(&time));
	tp_json_key(out, "months");
	tp_buf_addc(out, '[');
	for (size_t i = 0; i < plan->month_count; i++)
		tp_buf_addf(out,
			"%s{\"month\":\"%04d-%02d\",\"mails\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
			i ? "," : "", plan->months[i].year, plan->months[i].month,
			plan->months[i].mails, plan->months[i].bytes);
	tp_buf_addc(out, ']');
	tp_json_pair_int(out, "left_mails", (int64_t)plan->left_mails);
	tp_json_pair_int(out, "left_bytes", (int64_t)plan->left_bytes);
	tp_buf_adds(out, "}\n");
	tp_buf_release(&time);
}

static void print_text(const struct tp_disc_plan *plan, struct tp_buf *out)
{
	tp_buf_addf(out, "serial\t%s\n", plan->serial[0] ? plan->serial : "-");
	tp_buf_addf(out, "medium\t%s\t%" PRIu64 "\n", plan->medium.name, plan->medium.sectors);
	if (plan->ecc_percent)
		tp_buf_addf(out, "ecc\t%u\n", plan->ecc_percent);
	tp_buf_addf(out, "room\t%" PRIu64 "\n", plan->room);
	tp_buf_addf(out, "sectors\t%" PRIu64 "\n", plan->sectors);
	tp_buf_addf(out, "bytes\t%" PRIu64 "\n", plan->sectors * TP_SECTOR);
	tp_buf_addf(out, "mails\t%" PRIu64 "\t%" PRIu64 "\n", plan->mails, plan->bytes);
	tp_buf_adds(out, "first\t");
	add_time(out, plan->first_ms);
	tp_buf_adds(out, "\nlast\t");
	add_time(out, plan->last_ms);
	tp_buf_addc(out, '\n');
	for (size_t i = 0; i < plan->month_count; i++)
		tp_buf_addf(out, "month\t%04d-%02d\t%" PRIu64 "\t%" PRIu64 "\n",
			plan->months[i].year, plan->months[i].month, plan->months[i].mails,
			plan->months[i].bytes);
	tp_buf_addf(out, "left\t%" PRIu64 "\t%" PRIu64 "\n", plan->left_mails, plan->left_bytes);
}

bool tp_disc_plan_print(const struct tp_disc_plan *plan, bool json, struct tp_buf *out)
{
	if (json)
		print_json(plan, out);
	else
		print_text(plan, out);
	return !out->status;
}
