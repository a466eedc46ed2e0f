/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/slack_error.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum place { WHOLE, FRONT, BACK };

/* The first that fits. Slack adds codes as it grows: the families catch those that are not here by name. */
static const struct rule {
	const char *text;
	enum place place;
	enum slack_fate fate;
	int err;
} rules[] = {
        {"ratelimited", WHOLE, SLACK_LIMITED, TP_ERR_LIMIT},
        /* of one channel, and of all members' messages: other calls are not concerned */
        {"rate_limited", WHOLE, SLACK_AGAIN, TP_ERR_LIMIT},
        {"message_limit_exceeded", WHOLE, SLACK_AGAIN, TP_ERR_LIMIT},
        {"service_unavailable", WHOLE, SLACK_AGAIN, TP_ERR_IO},
        {"request_timeout", WHOLE, SLACK_AGAIN, TP_ERR_IO}, /* the body was cut off */
        {"team_added_to_org", WHOLE, SLACK_AGAIN, TP_ERR_IO},
        {"external_channel_migrating", WHOLE, SLACK_AGAIN, TP_ERR_IO},
        {"fatal_error", WHOLE, SLACK_UNCLEAR, TP_ERR_IO},
        {"internal_error", WHOLE, SLACK_UNCLEAR, TP_ERR_IO},
        {"token_expired", WHOLE, SLACK_EXPIRED, TP_ERR_AUTH},
        {"invalid_auth", WHOLE, SLACK_DEAD, TP_ERR_AUTH},
        {"not_authed", WHOLE, SLACK_DEAD, TP_ERR_AUTH},
        {"account_inactive", WHOLE, SLACK_DEAD, TP_ERR_AUTH},
        {"token_revoked", WHOLE, SLACK_DEAD, TP_ERR_AUTH},
        {"user_removed_from_team", WHOLE, SLACK_DEAD, TP_ERR_AUTH},
        {"team_disabled", WHOLE, SLACK_DEAD, TP_ERR_AUTH},
        {"already_", FRONT, SLACK_REFUSED, TP_ERR_EXISTS},
        {"name_taken", WHOLE, SLACK_REFUSED, TP_ERR_EXISTS},
        {"no_reaction", WHOLE, SLACK_REFUSED, TP_ERR_EXISTS},
        {"not_found", BACK, SLACK_REFUSED, TP_ERR_NOT_FOUND},
        {"file_deleted", WHOLE, SLACK_REFUSED, TP_ERR_NOT_FOUND},
        {"file_is_deleted", WHOLE, SLACK_REFUSED, TP_ERR_NOT_FOUND},
        {"is_inactive", WHOLE, SLACK_REFUSED, TP_ERR_NOT_FOUND},
        {"too_long", BACK, SLACK_REFUSED, TP_ERR_LIMIT},
        {"too_large", BACK, SLACK_REFUSED, TP_ERR_LIMIT},
        {"too_many_", FRONT, SLACK_REFUSED, TP_ERR_LIMIT},
        {"_exceeded", BACK, SLACK_REFUSED, TP_ERR_LIMIT},
        {"_limit_reached", BACK, SLACK_REFUSED, TP_ERR_LIMIT},
        {"_maxlength", BACK, SLACK_REFUSED, TP_ERR_LIMIT},
        {"file_upload_size_restricted", WHOLE, SLACK_REFUSED, TP_ERR_LIMIT},
        {"missing_scope", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"not_in_channel", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"is_archived", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"no_permission", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"no_external_invite_permission", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"no_access", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"not_authorized", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"not_permitted", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"not_allowed_token_type", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"accesslimited", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"forbidden_team", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"channel_is_limited_access", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"edit_window_closed", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"thread_locked", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"plan_upgrade_required", WHOLE, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"restricted_action", FRONT, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"cant_", FRONT, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"cannot_", FRONT, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"slack_connect_", FRONT, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"_not_allowed", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"_denied", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"_disabled", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"_restricted", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"_blocked", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
        {"not_visible", BACK, SLACK_REFUSED, TP_ERR_NOT_ALLOWED},
};

static bool fits(const struct rule *rule, const char *code)
{
	size_t length = strlen(code), wanted = strlen(rule->text);

	if (length < wanted)
		return false;
	if (rule->place == FRONT)
		return !strncmp(code, rule->text, wanted);
	return !strcmp(code + length - wanted, rule->text) && (rule->place == BACK || length == wanted);
}

struct slack_error slack_error_read(const char *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (fits(&rules[i], code))
			return (struct slack_error){rules[i].fate, rules[i].err};
	return (struct slack_error){SLACK_REFUSED, TP_ERR_INVALID};
}
