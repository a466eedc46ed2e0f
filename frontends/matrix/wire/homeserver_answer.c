/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/homeserver_answer.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "config/limits.h"

static bool is_no_member(const struct cJSON *event)
{
	static const char *const member[] = {"m.room.member"};

	return !json_contains(json_member(event, "type"), member, 1);
}

void homeserver_answer_read(struct homeserver_answer *answer, const struct http_result *result, bool state)
{
	*answer = (struct homeserver_answer){.errcode = "", .text = ""};
	if (result->err)
		return;
	if (state)
		answer->json = json_read_array(result->body, result->length, is_no_member);
	if (!answer->json)
		answer->json = json_read(result->body, result->length);
	const char *errcode = json_text(answer->json, "errcode", &answer->arena);
	const char *text = json_text(answer->json, "error", &answer->arena);

	if (errcode)
		answer->errcode = errcode;
	if (text)
		answer->text = text;
}

void homeserver_answer_finish(struct homeserver_answer *answer)
{
	json_free(&answer->json);
	arena_finish(&answer->arena);
}

/* Synapse has no code for it. */
static bool is_new_user(const struct homeserver_answer *answer)
{
	return !strcmp(answer->errcode, "M_FORBIDDEN") &&
	       text_starts(answer->text, "Application service has not registered this user");
}

/* A proxy in front of one that is away has words of its own, which are no Matrix error; and a 2xx is a
 * homeserver's only if it is JSON. */
enum homeserver_verdict homeserver_answer_judge(const struct homeserver_answer *answer,
                                                const struct http_result *result, bool new_users)
{
	if (result->err == TP_ERR_LIMIT || result->err == TP_ERR_INVALID)
		return HOMESERVER_REFUSED;
	if (result->err)
		return HOMESERVER_SILENCE;
	if (result->status >= 200 && result->status < 300)
		return answer->json ? HOMESERVER_GOOD : HOMESERVER_SILENCE;
	if (result->status == 429 || !strcmp(answer->errcode, "M_LIMIT_EXCEEDED"))
		return HOMESERVER_LIMITED;
	if (result->status >= 500)
		return *answer->errcode ? HOMESERVER_FAILED : HOMESERVER_SILENCE;
	return new_users && is_new_user(answer) ? HOMESERVER_LIMITED : HOMESERVER_REFUSED;
}

static int error_of_status(unsigned status)
{
	switch (status) {
	case 401:
		return TP_ERR_AUTH;
	case 403:
		return TP_ERR_NOT_ALLOWED;
	case 404:
		return TP_ERR_NOT_FOUND;
	case 413:
		return TP_ERR_LIMIT;
	default:
		return status < 500 ? TP_ERR_INVALID : TP_ERR_IO;
	}
}

int homeserver_answer_error(const struct http_result *result, enum homeserver_verdict verdict)
{
	if (result->err)
		return result->err == TP_ERR_TIMEOUT || verdict == HOMESERVER_REFUSED ? result->err : TP_ERR_IO;
	switch (verdict) {
	case HOMESERVER_GOOD:
		return 0;
	case HOMESERVER_SILENCE:
		return TP_ERR_IO;
	case HOMESERVER_LIMITED:
		return TP_ERR_LIMIT;
	default:
		return error_of_status(result->status);
	}
}

void homeserver_answer_describe(const struct homeserver_answer *answer, const struct http_result *result,
                                struct buf *out)
{
	if (result->err) {
		buf_puts(out, result->problem);
		return;
	}
	buf_printf(out, "status %u%s", result->status, answer->json ? "" : ", and no JSON");
	if (*answer->errcode) {
		buf_puts(out, ", ");
		text_show(out, answer->errcode, strlen(answer->errcode), 100);
	}
	if (*answer->text) {
		buf_puts(out, ": ");
		text_show(out, answer->text, strlen(answer->text), 200);
	}
}

int64_t homeserver_answer_wait_ms(const struct homeserver_answer *answer, const struct http_result *result)
{
	int64_t named_ms = json_number(answer->json, "retry_after_ms", -1);

	if (named_ms < 0)
		named_ms = result->retry_after_ms;
	if (named_ms < 0)
		return -1;
	return named_ms < LIMIT_MATRIX_RETRY_AFTER_MS ? named_ms : LIMIT_MATRIX_RETRY_AFTER_MS;
}

const char *homeserver_answer_find(const struct homeserver_answer *answer, const char *transaction,
                                   struct arena *arena)
{
	const struct cJSON *chunk = json_array(answer->json, "chunk");

	for (const struct cJSON *item = json_first(chunk); item; item = json_next(item)) {
		const char *id = json_text(json_object(item, "unsigned"), "transaction_id", arena);

		if (id && !strcmp(id, transaction))
			return json_text(item, "event_id", arena);
	}
	return NULL;
}
