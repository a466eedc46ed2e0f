/* SPDX-License-Identifier: MIT */
/* Answers of Slack's Web API. An input: a byte that says what kind of answer it is (its status, or that there was
 * none; plain or not), then its body. A verdict agrees with its error, and what is said of it is clean text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/slack/wire/web_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void check(struct web_answer *answer, const struct http_result *result)
{
	const char *problem = buf_text(&answer->problem);

	require(text_is_clean(problem, strlen(problem), TEXT_LINE));
	require((answer->verdict == WEB_GOOD) == (answer->err == 0));
	require((answer->verdict == WEB_GOOD) == !*problem);
	if (answer->verdict == WEB_GOOD)
		require(!result->err && result->status < 300 && !*answer->error);
	if (result->err)
		require(!answer->json);
	if (answer->maybe_done)
		require(result->sent && (answer->verdict == WEB_UNCLEAR || answer->verdict == WEB_SILENCE));
	require(strlen(answer->error) <= 64 && text_is_clean(answer->error, strlen(answer->error), TEXT_LINE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned statuses[] = {200, 201, 302, 400, 401, 403, 404, 429, 500, 502, 503};
	static const int errors[] = {TP_ERR_IO, TP_ERR_TIMEOUT, TP_ERR_LIMIT, TP_ERR_INVALID, TP_ERR_NOT_ALLOWED};
	unsigned kind = size ? data[0] : 0;
	struct buf body = {0};

	if (size)
		buf_append(&body, data + 1, size - 1);
	struct http_result result = {.retry_after_ms = -1, .problem = "", .body = buf_text(&body),
	                             .length = size ? size - 1 : 0, .sent = kind & 64};
	struct web_answer answer;

	if ((kind & 31) < ARRAY_SIZE(errors)) {
		result.err = errors[kind & 31];
		result.problem = "it went wrong";
	} else {
		result.status = statuses[(kind & 31) % ARRAY_SIZE(statuses)];
	}
	web_answer_read(&answer, &result, kind & 128);
	check(&answer, &result);
	web_answer_finish(&answer);
	buf_finish(&body);
	return 0;
}
