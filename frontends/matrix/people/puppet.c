/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/puppet.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/person.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/people/values.h"
#include "transport/store/store.h"

#define WHOAMI "/_matrix/client/v3/account/whoami"

/* What is known of a room where somebody was refused: values of person.puppet_rooms. */
static char tried_to_enter, has_no_voice;

void puppet_forget(struct person *person)
{
	mem_free_secret(person->token);
	person->token = NULL;
	person->puppet = PUPPET_UNKNOWN;
	map_destroy(&person->puppet_rooms, NULL);
}

static char *value_name(const char *id)
{
	return mem_printf(VALUES_OF_FRONTENDS "matrix puppet %s", id);
}

static const char *account_key(struct matrix_frontend *frontend, const char *id)
{
	const struct resource *resource = person_ready(frontend, id);

	return resource ? resource->identity->user->key : NULL;
}

/* --------------------------------------------------------------------------------------------- reading */

struct loading {
	struct matrix_frontend *frontend;
	char id[];
};

static void loaded(void *context, int err, const struct event_value *values, size_t count, size_t damaged)
{
	struct loading *loading = context;
	struct matrix_frontend *frontend = loading->frontend;
	struct person *person = frontend->stopping ? NULL : person_of(frontend, loading->id);
	char *name = value_name(loading->id);

	(void)damaged;
	/* A token that was given meanwhile is newer. */
	if (person && person->puppet == PUPPET_LOADING) {
		person->puppet = PUPPET_NONE;
		for (size_t i = 0; i < count && !err; i++)
			if (!strcmp(values[i].key, name)) {
				person->token = mem_strndup((const char *)values[i].bytes, values[i].size);
				person->puppet = PUPPET_TOKEN;
			}
	}
	if (person)
		matrix_later(frontend, person_show_waiting, loading->id, NULL);
	mem_free(name);
	mem_free(loading);
}

bool puppet_is_loading(struct matrix_frontend *frontend, const struct identity *identity)
{
	struct person *person = person_of(frontend, identity->address);

	if (person->puppet == PUPPET_UNKNOWN && identity->user) {
		struct loading *loading = MEM_NEW_TEXT(struct loading, id, identity->address);

		loading->frontend = frontend;
		person->puppet = PUPPET_LOADING;
		store_get_values(frontend->base.transport->store, identity->user->key, loaded, loading);
	}
	return person->puppet == PUPPET_LOADING;
}

/* --------------------------------------------------------------------------------------------- speaking */

bool puppet_voice(struct matrix_frontend *frontend, const char *id, const struct matrix_room *room,
                  struct voice *voice)
{
	struct person *person = person_of(frontend, id);
	bool covered = frontend->config.masquerade && !strcmp(matrix_id_server(id), frontend->names.server);

	*voice = (struct voice){.as = person->token ? NULL : id, .bearer = person->token};
	return (person->token || covered) && map_get(person->puppet_rooms, room->id) != &has_no_voice;
}

void puppet_put_mark(const struct matrix_frontend *frontend, const char *room, struct buf *out)
{
	char *mark = mem_printf("%s %s", frontend->records, room);

	buf_puts(out, "\"" PUPPET_MARK "\":");
	json_put_string(out, mark);
	mem_free(mark);
}

bool puppet_is_mark(const struct matrix_frontend *frontend, const char *room, const char *mark)
{
	size_t length = strlen(frontend->records);

	return mark && !strncmp(mark, frontend->records, length) && mark[length] == ' ' &&
	       !strcmp(mark + length + 1, room);
}

static void keep(struct matrix_frontend *frontend, const char *key, const char *id, const char *token,
                 store_done *done, void *context)
{
	char *name = value_name(id);
	struct event_value value = {.key = name,
	                            .bytes = (const uint8_t *)token,
	                            .size = token ? strlen(token) : 0};

	store_put_values(frontend->base.transport->store, key, &value, 1, done, context);
	mem_free(name);
}

void puppet_refused(struct matrix_frontend *frontend, const char *id, const char *room, int err)
{
	struct person *person = person_of(frontend, id);
	const char *key = account_key(frontend, id);
	struct voice voice;

	if (err == TP_ERR_AUTH && person->token) {
		puppet_forget(person);
		person->puppet = PUPPET_NONE;
		if (key)
			keep(frontend, key, id, NULL, NULL, NULL);
		person_tell(frontend, id,
		            "The homeserver does not know the access token any more that you gave me, so I "
		            "have forgotten it. What you write with other clients of the network appears as "
		            "somebody else's again. A new one: puppet <token>");
		return;
	}
	if (map_get(person->puppet_rooms, room)) {
		map_set(&person->puppet_rooms, room, &has_no_voice);
		return;
	}
	map_set(&person->puppet_rooms, room, &tried_to_enter);
	char *path = matrix_path("/join/%s", room);

	voice = (struct voice){.as = person->token ? NULL : id, .bearer = person->token};
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_POST,
	                                                            .path = path,
	                                                            .as = voice.as,
	                                                            .bearer = voice.bearer,
	                                                            .lane = room});
	mem_free(path);
}

void puppet_entered(struct matrix_frontend *frontend, const char *id, const char *room)
{
	map_remove(person_of(frontend, id)->puppet_rooms, room);
}

/* --------------------------------------------------------------------------------------------- the command */

struct giving {
	struct matrix_frontend *frontend;
	char *room, *id, *token;
};

static void giving_free(void *context)
{
	struct giving *giving = context;

	mem_free(giving->room);
	mem_free(giving->id);
	mem_free_secret(giving->token);
	mem_free(giving);
}

static void answer(const struct giving *giving, const char *text)
{
	if (!giving->frontend->stopping)
		matrix_notice(giving->frontend, giving->room, NULL, text);
}

static void kept(void *context, int err)
{
	struct giving *giving = context;

	if (!err && !giving->frontend->stopping) {
		struct person *person = person_of(giving->frontend, giving->id);

		puppet_forget(person);
		person->token = mem_strdup(giving->token);
		person->puppet = giving->token ? PUPPET_TOKEN : PUPPET_NONE;
	}
	answer(giving, err            ? "This could not be stored. Please try again later."
	               : giving->token ? "What you write with other clients of the network appears as yours here from now "
	                                 "on. To end that: puppet off"
	                               : "I have forgotten your access token.");
	giving_free(giving);
}

static void on_whoami(void *context, const struct matrix_reply *reply)
{
	struct giving *giving = context;
	const char *key = account_key(giving->frontend, giving->id);
	struct arena arena = {0};
	const char *who = json_text(reply->json, "user_id", &arena);

	if (reply->err == TP_ERR_AUTH) {
		answer(giving, "The homeserver does not know this access token.");
	} else if (reply->err || !who) {
		answer(giving, "The homeserver cannot be asked about it. Please try again later.");
	} else if (strcmp(who, giving->id) != 0) {
		answer(giving, "This is somebody else's access token. I take only your own.");
	} else if (!key) {
		answer(giving, "For that you need an account here: register with me first.");
	} else {
		keep(giving->frontend, key, giving->id, giving->token, kept, giving);
		giving = NULL;
	}
	arena_finish(&arena);
	if (giving)
		giving_free(giving);
}

static bool is_token(const char *text)
{
	size_t length = strlen(text);

	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return length && length <= LIMIT_MATRIX_TOKEN_BYTES;
}

static void tell_state(struct matrix_frontend *frontend, const char *room, const char *sender)
{
	const struct person *person = person_of(frontend, sender);

	matrix_notice(frontend, room, NULL,
	              person->token || frontend->config.masquerade
	                      ? "What you write with other clients of the network appears as yours here."
	                      : "What you write with other clients of the network appears as somebody else's here. "
	                        "With an access token of yours I can change that: puppet <token>");
}

void puppet_command(struct matrix_frontend *frontend, const char *room, const char *sender,
                    const char *argument)
{
	const char *key = account_key(frontend, sender);
	bool off = text_equal_nocase(argument, "off");
	struct giving *giving;

	if (!*argument) {
		tell_state(frontend, room, sender);
		return;
	}
	if (!key || !is_token(argument)) {
		matrix_notice(frontend, room, NULL,
		              key ? "This is no access token."
		                  : "For that you need an account here: register with me first.");
		return;
	}
	giving = MEM_NEW(struct giving);
	giving->frontend = frontend;
	giving->room = mem_strdup(room);
	giving->id = mem_strdup(sender);
	if (off) {
		keep(frontend, key, sender, NULL, kept, giving);
		return;
	}
	giving->token = mem_strdup(argument);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = WHOAMI,
	                                                            .bearer = giving->token,
	                                                            .once = true,
	                                                            .done = on_whoami,
	                                                            .context = giving,
	                                                            .drop = giving_free});
}
