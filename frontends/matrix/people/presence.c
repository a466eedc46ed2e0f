/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/presence.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"

#define OFFLINE "{\"presence\":\"offline\"}"

/* A ghost that is not offline: in frontend->presences by its id. */
struct presence {
	char *body;
	uint64_t told_ms; /* clock_ms */
	bool wanted;      /* somebody sees it so: while that is looked at */
};

static void free_one(void *value)
{
	struct presence *presence = value;

	mem_free(presence->body);
	mem_free(presence);
}

static bool is_gone(enum status status)
{
	return status == STATUS_OFFLINE || status == STATUS_INVISIBLE;
}

static char *body_of(const struct event_contact *contact)
{
	bool here = contact->status == STATUS_ONLINE || contact->status == STATUS_FREE_FOR_CHAT;
	struct buf out = {0};

	buf_printf(&out, "{\"presence\":\"%s\"", here ? "online" : is_gone(contact->status) ? "offline" : "unavailable");
	if (contact->status_text && *contact->status_text) {
		buf_puts(&out, ",\"status_msg\":");
		json_put_string(&out, contact->status_text);
	}
	buf_putc(&out, '}');
	return buf_take(&out);
}

/* Homeservers without presence say so in different words, and some take it and show it to nobody. */
static void on_told(void *context, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = context;

	if (!reply->err)
		frontend->presence_refused = 0;
	if (reply->err != TP_ERR_NOT_ALLOWED && reply->err != TP_ERR_NOT_FOUND && reply->err != TP_ERR_INVALID)
		return;
	if (++frontend->presence_refused == LIMIT_MATRIX_PRESENCE_REFUSALS)
		log_info(&frontend->base.log, "the homeserver wants no presence of contacts: %s", reply->problem);
}

static bool is_wanted(const struct matrix_frontend *frontend)
{
	return frontend->config.presence && frontend->presence_refused < LIMIT_MATRIX_PRESENCE_REFUSALS;
}

static void tell(struct matrix_frontend *frontend, const char *ghost, const char *body)
{
	char *path = matrix_path("/presence/%s/status", ghost);

	/* Stale at the next change: not asked again if the homeserver is away. */
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_PUT,
								    .path = path,
								    .as = ghost,
								    .body = body,
								    .lane = ghost,
								    .once = true,
								    .done = on_told,
								    .context = frontend});
	mem_free(path);
}

static void forget(struct matrix_frontend *frontend, const char *ghost)
{
	struct presence *presence = map_remove(frontend->presences, ghost);

	if (presence)
		free_one(presence);
}

/* `body` becomes its own. */
static void keep(struct matrix_frontend *frontend, const char *ghost, char *body)
{
	struct presence *presence = MEM_NEW(struct presence);

	*presence = (struct presence){.body = body, .told_ms = clock_ms(), .wanted = true};
	map_set(&frontend->presences, ghost, presence);
}

void presence_show(struct matrix_frontend *frontend, const char *ghost, const struct event_contact *contact)
{
	if (!is_wanted(frontend))
		return;
	char *body = body_of(contact);

	tell(frontend, ghost, body);
	forget(frontend, ghost);
	if (!is_gone(contact->status) && map_count(frontend->presences) < LIMIT_MATRIX_PRESENCES)
		keep(frontend, ghost, body);
	else
		mem_free(body);
}

/* The contact of a chat, as its owner sees it now; NULL: he does not. To be used at once. */
static const struct event_contact *seen_in(struct matrix_frontend *frontend, const struct matrix_room *chat,
					   struct event *event)
{
	const struct resource *resource = person_ready(frontend, chat->owner);
	const struct user *user = resource ? resource->identity->user : NULL;
	const struct contact *contact =
		user && user->state == USER_CONNECTED ? roster_find(user->roster, chat->name) : NULL;

	if (!contact || is_gone(contact->status))
		return NULL;
	contact_to_event(contact, user, event);
	return &event->contact;
}

/* Those who are there and were not known to be, as another process has told of them. */
static void look_at_chats(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};
	struct event event;

	while (map_next(frontend->chats, &it)) {
		const struct event_contact *contact = seen_in(frontend, it.value, &event);
		char *ghost = contact ? ghost_of_chat(frontend, it.value) : NULL;
		struct presence *presence = ghost ? map_get(frontend->presences, ghost) : NULL;

		if (presence)
			presence->wanted = true;
		else if (ghost && map_count(frontend->presences) < LIMIT_MATRIX_PRESENCES)
			presence_show(frontend, ghost, contact);
		mem_free(ghost);
	}
}

/* Those whom nobody sees any more: their people have logged out, or have removed them. */
static void end_unseen(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->presences, &it))
		((struct presence *)it.value)->wanted = false;
	look_at_chats(frontend);
	it = (struct map_iter){0};
	while (map_next(frontend->presences, &it)) {
		if (((struct presence *)it.value)->wanted)
			continue;
		tell(frontend, it.key, OFFLINE);
		forget(frontend, it.key);
	}
}

/* Those that were told longest ago, a few at a time, so that messages need not wait for them. */
static void tell_again(struct matrix_frontend *frontend, uint64_t interval_ms)
{
	struct map_iter it = {0};
	unsigned told = 0;

	while (told < LIMIT_MATRIX_PRESENCES_AT_ONCE && map_next(frontend->presences, &it)) {
		struct presence *presence = it.value;

		if (clock_ms() - presence->told_ms < interval_ms)
			continue;
		presence->told_ms = clock_ms();
		tell(frontend, it.key, presence->body);
		told++;
	}
}

void presence_look(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	uint64_t now = clock_ms(), interval_ms = (uint64_t)frontend->config.presence_interval * 1000;
	struct map_iter it = {0};

	if (!is_wanted(frontend)) {
		while (map_next(frontend->presences, &it))
			forget(frontend, it.key);
	} else {
		if (now - frontend->presence_looked_ms >= interval_ms) {
			frontend->presence_looked_ms = now;
			end_unseen(frontend);
		}
		tell_again(frontend, interval_ms);
	}
	matrix_after(frontend, map_count(frontend->presences) ? LIMIT_MATRIX_PRESENCE_MS : interval_ms, presence_look,
		     unused, unused_too);
}

void presence_try_again(struct matrix_frontend *frontend)
{
	frontend->presence_refused = 0;
}

void presence_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->presences, free_one);
}
