/* SPDX-License-Identifier: MIT */
/* What comes through the socket: frames, and commands and buttons in them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_event.h"
#include "frontends/slack/wire/slack_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_line(const char *text)
{
	check(!text || text_is_clean(text, strlen(text), TEXT_LINE));
}

static void check_id(const char *id)
{
	check(!id || slack_is_id(id));
}

static void check_frame(const struct slack_frame *frame)
{
	check(frame->type && frame->reason_text);
	check(!frame->id || *frame->id);
	check(!frame->payload || json_is_object(frame->payload));
	check(frame->kind == SLACK_FRAME_DISCONNECT || (!frame->reason && !*frame->reason_text));
	check_line(frame->type);
	check_line(frame->id);
	check_line(frame->reason_text);
}

static void check_command(const struct slack_command *command)
{
	check(command->command && command->text);
	check(text_is_clean(command->text, strlen(command->text), TEXT_LINES));
	check_line(command->command);
	check_id(command->team);
	check_id(command->channel);
	check_id(command->user);
	check(!command->response_url || strncasecmp(command->response_url, "http", 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cJSON *document = json_read((const char *)data, size);
	struct arena arena = {0};
	struct slack_frame frame;
	struct slack_command command;

	if (slack_frame_read(&frame, document, &arena)) {
		check_frame(&frame);
		if (slack_command_read(&command, frame.payload, &arena))
			check_command(&command);
	}
	if (slack_command_read(&command, document, &arena))
		check_command(&command);
	json_free(&document);
	arena_finish(&arena);
	return 0;
}
