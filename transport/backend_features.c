/* SPDX-License-Identifier: MIT */
#include "transport/backend_features.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "transport/transport.h"

struct feature {
	const char *key;
	size_t offset;
	bool fallback;
};

#define FEATURE(key_name, field, default_value)                                        \
	{                                                                              \
		.key = (key_name), .offset = offsetof(struct backend_features, field), \
		.fallback = (default_value)                                            \
	}

/* None of these is a registered key, so that the file is only asked for what no backend has said. */
static const struct feature features[] = {
	FEATURE("features.muc", rooms, false),
	FEATURE("features.receipts", receipts, false),
	FEATURE("features.rawxml", raw_xml, false),
	FEATURE("features.disable_jid_escaping", disable_jid_escaping, false),
	FEATURE("features.send_buddies_on_login", send_contacts_on_login, false),
	FEATURE("features.room_nick", room_nickname_change, false),
	FEATURE("features.ext", extension, false),
	FEATURE("features.password_unchecked", password_unchecked, false),
	FEATURE("registration.needPassword", need_password, true),
	FEATURE("registration.needRegistration", need_registration, true),
};

static bool *field_of(struct transport *transport, const struct feature *feature)
{
	return (bool *)(void *)((char *)&transport->features + feature->offset);
}

void features_init(struct transport *transport)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		const char *text = config_raw(transport->config, features[i].key);
		bool value;

		*field_of(transport, &features[i]) =
			text && config_parse_bool(text, &value) ? value : features[i].fallback;
	}
}

static void merge_one(void *context, const char *name, const char *text)
{
	struct transport *transport = context;
	bool value;

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (strcmp(name, features[i].key) || (transport->features_said & 1u << i))
			continue;
		if (!config_parse_bool(text, &value)) {
			log_warning(&transport->log, "the backend says %s = %s, which is neither yes nor no",
				    name, log_quote(text));
			return;
		}
		*field_of(transport, &features[i]) = value;
		transport->features_said |= 1u << i;
		return;
	}
}

void features_merge(struct transport *transport, const char *text, size_t length)
{
	if (config_parse_text(text, length, merge_one, transport) < 0)
		log_warning(&transport->log, "a part of the backend's configuration is not understood");
	transport->features.known = true;
}

static void look_for_extension(void *context, const char *name, const char *text)
{
	bool *found = context;

	if (!strcmp(name, "features.ext") && !config_parse_bool(text, found))
		*found = false;
}

bool features_announce_extension(const char *text, size_t length)
{
	bool found = false;

	config_parse_text(text, length, look_for_extension, &found);
	return found;
}
