/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/web_answer.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_error.h"

#define CODE_MAX 64

static enum web_verdict verdict_of(enum slack_fate fate)
{
	switch (fate) {
	case SLACK_REFUSED:
		return WEB_REFUSED;
	case SLACK_AGAIN:
		return WEB_AGAIN;
	case SLACK_LIMITED:
		return WEB_LIMITED;
	case SLACK_UNCLEAR:
		return WEB_UNCLEAR;
	case SLACK_EXPIRED:
		return WEB_EXPIRED;
	case SLACK_DEAD:
		return WEB_DEAD;
	}
	return WEB_REFUSED;
}

static void judge(struct web_answer *answer, const struct http_result *result, bool plain)
{
	answer->err = TP_ERR_IO;
	answer->verdict = WEB_SILENCE;
	if (result->err == TP_ERR_LIMIT || result->err == TP_ERR_INVALID ||
	    result->err == TP_ERR_NOT_ALLOWED) {
		answer->verdict = WEB_REFUSED;
		answer->err = result->err;
	} else if (result->err) {
		answer->err = result->err;
	} else if (result->status == 429) {
		answer->verdict = WEB_LIMITED;
		answer->err = TP_ERR_LIMIT;
	} else if (result->status < 300 && (plain ? !*answer->error : json_bool(answer->json, "ok", false))) {
		answer->verdict = WEB_GOOD;
		answer->err = 0;
	} else if (*answer->error) {
		struct slack_error known = slack_error_read(answer->error);

		answer->verdict = verdict_of(known.fate);
		answer->err = known.err;
	} else if (result->status >= 400 && result->status < 500) {
		answer->verdict = WEB_REFUSED;
		answer->err = TP_ERR_INVALID;
	}
}

static void describe(struct web_answer *answer, const struct http_result *result)
{
	const struct cJSON *notes = json_array(json_object(answer->json, "response_metadata"), "messages");
	const char *needed = json_text(answer->json, "needed", &answer->arena);
	const char *note = json_text(json_first(notes), NULL, &answer->arena);

	if (answer->verdict == WEB_GOOD)
		return;
	if (result->err)
		buf_puts(&answer->problem, result->problem);
	else if (*answer->error)
		buf_puts(&answer->problem, answer->error);
	else
		buf_printf(&answer->problem, "status %u, and no answer of Slack's", result->status);
	if (needed) {
		buf_puts(&answer->problem, ", which the app needs: ");
		text_show(&answer->problem, needed, strlen(needed), 100);
	}
	if (note) {
		buf_puts(&answer->problem, ": ");
		text_show(&answer->problem, note, strlen(note), 200);
	}
}

void web_answer_read(struct web_answer *answer, const struct http_result *result, bool plain)
{
	const char *code;

	*answer = (struct web_answer){.error = ""};
	if (!result->err)
		answer->json = json_read(result->body, result->length);
	code = json_text(answer->json, "error", &answer->arena);
	if (code && *code && strlen(code) <= CODE_MAX &&
	    strspn(code, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(code) &&
	    !json_bool(answer->json, "ok", false))
		answer->error = code;
	judge(answer, result, plain);
	answer->maybe_done =
	        result->sent && (answer->verdict == WEB_UNCLEAR || answer->verdict == WEB_SILENCE);
	describe(answer, result);
}

void web_answer_finish(struct web_answer *answer)
{
	json_free(&answer->json);
	arena_finish(&answer->arena);
	buf_finish(&answer->problem);
}
