/* SPDX-License-Identifier: MIT */
/* Answers of a homeserver. An input: a byte that says what kind of answer it is (its status, or that there was
 * none), then its body. A verdict agrees with its error, what is said of it is clean text, a wait has its limit, and
 * what was sent with a transaction is found as clean text or not at all. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/wire/homeserver_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void check(const struct homeserver_answer *answer, const struct http_result *result, bool new_users)
{
	enum homeserver_verdict verdict = homeserver_answer_judge(answer, result, new_users);
	int64_t wait_ms = homeserver_answer_wait_ms(answer, result);
	struct arena arena = {0};
	struct buf problem = {0};
	const char *found = homeserver_answer_find(answer, "t1", &arena);

	require((verdict == HOMESERVER_GOOD) == (homeserver_answer_error(result, verdict) == 0));
	if (verdict == HOMESERVER_GOOD)
		require(!result->err && answer->json && result->status < 300);
	if (!new_users && verdict == HOMESERVER_LIMITED)
		require(result->status == 429 || !strcmp(answer->errcode, "M_LIMIT_EXCEEDED"));
	require(wait_ms >= -1 && wait_ms <= LIMIT_MATRIX_RETRY_AFTER_MS);
	require(!found || text_is_clean(found, strlen(found), TEXT_LINES));
	homeserver_answer_describe(answer, result, &problem);
	require(problem.len && text_is_clean(buf_text(&problem), problem.len, TEXT_LINE));
	buf_finish(&problem);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned statuses[] = {200, 201, 302, 400, 401, 403, 404, 413, 429, 500, 502};
	static const int errors[] = {TP_ERR_IO, TP_ERR_TIMEOUT, TP_ERR_LIMIT, TP_ERR_INVALID};
	unsigned kind = size ? data[0] : 0;
	struct buf body = {0};

	if (size)
		buf_append(&body, data + 1, size - 1);
	struct http_result result = {.retry_after_ms = kind & 64 ? 2000 : -1, .problem = "", .body = buf_text(&body),
	                             .length = size ? size - 1 : 0, .sent = true};
	struct homeserver_answer answer;

	if ((kind & 31) < ARRAY_SIZE(errors)) {
		result.err = errors[kind & 31];
		result.problem = "it went wrong";
	} else {
		result.status = statuses[(kind & 31) % ARRAY_SIZE(statuses)];
	}
	homeserver_answer_read(&answer, &result, kind & 32);
	check(&answer, &result, kind & 128);
	homeserver_answer_finish(&answer);
	buf_finish(&body);
	return 0;
}
