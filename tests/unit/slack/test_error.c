/* SPDX-License-Identifier: MIT */
/* What Slack's error codes mean for a call: whether it is made again, and what its caller is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_error.h"

static void test_codes(void **state)
{
	static const struct {
		const char *code;
		enum slack_fate fate;
		int err;
	} cases[] = {
	        {"invalid_auth", SLACK_DEAD, TP_ERR_AUTH},
	        {"not_authed", SLACK_DEAD, TP_ERR_AUTH},
	        {"account_inactive", SLACK_DEAD, TP_ERR_AUTH},
	        {"token_revoked", SLACK_DEAD, TP_ERR_AUTH},
	        {"user_removed_from_team", SLACK_DEAD, TP_ERR_AUTH},
	        {"team_disabled", SLACK_DEAD, TP_ERR_AUTH},
	        {"token_expired", SLACK_EXPIRED, TP_ERR_AUTH},
	        {"ratelimited", SLACK_LIMITED, TP_ERR_LIMIT},
	        {"rate_limited", SLACK_AGAIN, TP_ERR_LIMIT},
	        {"message_limit_exceeded", SLACK_AGAIN, TP_ERR_LIMIT},
	        {"service_unavailable", SLACK_AGAIN, TP_ERR_IO},
	        {"request_timeout", SLACK_AGAIN, TP_ERR_IO},
	        {"fatal_error", SLACK_UNCLEAR, TP_ERR_IO},
	        {"internal_error", SLACK_UNCLEAR, TP_ERR_IO},
	        {"no_reaction", SLACK_REFUSED, TP_ERR_EXISTS},
	        {"already_in_channel", SLACK_REFUSED, TP_ERR_EXISTS},
	        {"name_taken", SLACK_REFUSED, TP_ERR_EXISTS},
	        {"thread_not_found", SLACK_REFUSED, TP_ERR_NOT_FOUND},
	        {"not_allowed_token_type", SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
	        {"ekm_access_denied", SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
	        {"restricted_action_read_only_channel", SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
	        {"cant_update_message", SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
	        {"file_uploads_disabled", SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
	        {"too_many_attachments", SLACK_REFUSED, TP_ERR_LIMIT},
	        {"metadata_too_large", SLACK_REFUSED, TP_ERR_LIMIT},
	        {"invalid_blocks", SLACK_REFUSED, TP_ERR_INVALID},
	        {"method_deprecated", SLACK_REFUSED, TP_ERR_INVALID},
	        {"", SLACK_REFUSED, TP_ERR_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct slack_error error = slack_error_read(cases[i].code);

		if (error.fate != cases[i].fate || error.err != cases[i].err)
			fail_msg("%s is %d, %d", cases[i].code, error.fate, error.err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests_name("slack: error", tests, NULL, NULL);
}
