/* SPDX-License-Identifier: MIT */
/* The bytes of an event: whatever is read keeps what the header promises of texts and ids. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "frontends/matrix/wire/matrix_event.h"
#include "frontends/matrix/wire/matrix_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_text(const char *text)
{
	check(!text || text_is_clean(text, strlen(text), TEXT_LINES));
}

static void check_line(const char *text)
{
	check(!text || text_is_clean(text, strlen(text), TEXT_LINE));
}

static void check_lists(const struct matrix_event *event)
{
	for (size_t i = 0; i < event->users_count; i++)
		check(matrix_is_user_id(event->users[i]));
	for (size_t i = 0; i < event->receipts_count; i++) {
		check(matrix_is_user_id(event->receipts[i].user_id) && matrix_is_event_id(event->receipts[i].event_id));
		check_text(event->receipts[i].thread);
	}
}

static void check_event(const struct matrix_event *event)
{
	check(event->type != NULL);
	check(!event->id || matrix_is_event_id(event->id));
	check(!event->room || matrix_is_room_id(event->room));
	check(!event->sender || matrix_is_user_id(event->sender));
	check(!event->reply_to || matrix_is_event_id(event->reply_to));
	check(!event->thread || matrix_is_event_id(event->thread));
	check(!event->replaces ||
	      (event->kind == MATRIX_TOMBSTONE ? matrix_is_room_id : matrix_is_event_id)(event->replaces));
	check(!event->url || matrix_is_media_url(event->url));
	check_text(event->type);
	check_text(event->body);
	check_text(event->html);
	check_line(event->file_name);
	check_line(event->key);
	check_line(event->display_name);
	if (event->kind == MATRIX_MESSAGE && event->message_type != MATRIX_FILE)
		check(event->body != NULL);
	if (event->kind == MATRIX_MEMBER)
		check(matrix_is_user_id(event->state_key));
	check_lists(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cJSON *document = json_read((const char *)data, size);
	struct arena arena = {0};
	struct matrix_event event;

	if (matrix_event_read(&event, document, &arena))
		check_event(&event);
	json_free(&document);
	arena_finish(&arena);
	return 0;
}
