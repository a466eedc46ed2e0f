/* SPDX-License-Identifier: MIT */
/* What the files of slack_file share; nobody else includes it (but tests). */
#pragma once

#include "base/list.h"
#include "frontends/slack/wire/slack_event.h"
#include "frontends/slack/wire/slack_file.h"
#include "transport/media/media.h"

struct slack_files {
	struct slack_files_place place;
	struct log log;
	char *host; /* of the Web API, in lower case */
	struct list pulls;    /* slack_file.c: from Slack */
	struct list uploads;  /* slack_upload.c: to Slack */
	size_t uploads_count;
	uv_timer_t *timer;    /* of the uploads that wait; NULL: there is no API */
	unsigned first_ms, last_ms; /* between two questions whether a file was shared */
	uint64_t share_ms;          /* until nobody asks any more */
};

/* slack_upload.c */
void slack_uploads_open(struct slack_files *files);
void slack_uploads_close(struct slack_files *files);
