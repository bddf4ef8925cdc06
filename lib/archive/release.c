/* Letting go of packs whose mail is on discs: see release.h. */
#include "archive/release.h"

#include "archive/erase.h"
#include "archive/rotate_state.h"
#include "archive/tidy.h"

enum tp_status tp_release_begin(struct tp_archive *archive, struct tp_error *err)
{
	enum tp_status status = tp_tidy(archive, err);

	if (!status)
		status = tp_erase_finish_held(archive, err);
	return status ? status : tp_release_go(archive, err);
}

enum tp_status tp_release_decide(struct tp_archive *archive, const uint32_t *numbers, size_t count,
	const char *why, const char *actor, struct tp_error *err)
{
	struct tp_rotate_state state;
	enum tp_status status = tp_rotate_state_read(archive, &state, err);

	for (size_t i = 0; !status && i < count; i++)
		status = tp_pack_list_add(&state.leaving, numbers[i], err);
	if (!status && count)
		status = tp_rotate_decide(archive, &state, "release", why, actor, err);
	tp_rotate_state_release(&state);
	return status;
}

enum tp_status tp_release_go(struct tp_archive *archive, struct tp_error *err)
{
	struct tp_rotate_state state;
	enum tp_status status = tp_rotate_state_read(archive, &state, err);

	if (!status && state.leaving.count)
		status = tp_rotate_erase_on(archive, &state, err);
	tp_rotate_state_release(&state);
	return status;
}
