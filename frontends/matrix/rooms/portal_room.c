/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/portal_room.h"

#include <string.h>

#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/contact.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/nickname.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/making.h"
#include "frontends/matrix/rooms/outsider.h"
#include "frontends/matrix/rooms/portal_door.h"
#include "frontends/matrix/rooms/portal_power.h"
#include "frontends/matrix/rooms/space.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_key.h"
#include "transport/routing/router.h"

/* ------------------------------------------------------------------------------------------------- making */

struct waiter {
	struct list link;
	portal_room_done *done;
	void *context;
};

struct making {
	struct matrix_frontend *frontend;
	char *name;
	bool recovering; /* the process before has asked for it */
	struct list waiters; /* struct waiter.link */
};

static void tell_waiters(struct making *making, struct matrix_room *room, const char *problem)
{
	LIST_EACH (link, &making->waiters) {
		struct waiter *waiter = CONTAINER_OF(link, struct waiter, link);

		list_remove(&waiter->link);
		waiter->done(waiter->context, room, problem);
		mem_free(waiter);
	}
}

#define PORTAL "portal\n" /* in front of the name: as it is noted */

static void making_free(void *value)
{
	struct making *making = value;

	tell_waiters(making, NULL, "the gateway is being stopped");
	mem_free(making->name);
	mem_free(making);
}

static void finish(struct making *making, struct matrix_room *room, const char *problem)
{
	struct matrix_frontend *frontend = making->frontend;
	bool recovering = making->recovering;
	char *what = mem_printf(PORTAL "%s", making->name);
	struct text_key key;

	map_remove(frontend->makings, text_key_lower(&key, making->name));
	text_key_finish(&key);
	making_end(frontend, what);
	tell_waiters(making, room, problem);
	making_free(making);
	mem_free(what);
	if (recovering)
		matrix_recovered(frontend);
}

static struct matrix_room *made_it_ours(struct making *making, const char *id)
{
	struct matrix_room *room =
	        matrix_room_set(making->frontend, id, MATRIX_ROOM_PORTAL, NULL, making->name);

	room->ours = true;
	matrix_room_store(making->frontend, room);
	CRASH_POINT("core.matrix.room_stored");
	return room;
}

/* The room of an alias that an earlier installation of ours has made. */
static void found_alias(void *context, const struct matrix_reply *reply)
{
	struct making *making = context;
	struct arena arena = {0};
	const char *id = json_text(reply->json, "room_id", &arena);

	if (reply->err || !id) {
		finish(making, NULL, *reply->problem ? reply->problem : "the homeserver knows no such room");
	} else {
		char *path = matrix_path("/join/%s", id);

		matrix_tell(making->frontend, HTTP_POST, path, NULL, NULL, id);
		finish(making, made_it_ours(making, id), NULL);
	}
	arena_finish(&arena);
}

static void look_up_alias(struct making *making)
{
	char *alias = matrix_portal_alias(&making->frontend->names, making->name);
	char *path = matrix_path("/directory/room/%s", alias);

	homeserver_call(making->frontend->homeserver,
	                &(struct matrix_call){
	                        .method = HTTP_GET, .path = path, .done = found_alias, .context = making});
	mem_free(path);
	mem_free(alias);
}

static void made(void *context, const struct matrix_reply *reply)
{
	struct making *making = context;
	struct arena arena = {0};
	const char *id = json_text(reply->json, "room_id", &arena);

	CRASH_POINT("core.matrix.room_made");
	if (!strcmp(reply->errcode, "M_ROOM_IN_USE"))
		look_up_alias(making);
	else if (reply->err || !id)
		finish(making, NULL,
		       *reply->problem ? reply->problem : "the homeserver did not make the room");
	else
		finish(making, made_it_ours(making, id), NULL);
	arena_finish(&arena);
}

static void make(struct making *making)
{
	struct matrix_frontend *frontend = making->frontend;
	char *alias = matrix_portal_alias(&frontend->names, making->name);
	char *local = mem_strndup(alias + 1, strcspn(alias + 1, ":"));
	char *what = mem_printf(PORTAL "%s", making->name);
	struct buf body = {0};

	making_begin(frontend, what);
	mem_free(what);
	buf_printf(&body, "{\"preset\":\"public_chat\",\"visibility\":\"%s\",\"creation_content\":{%s},\"room_alias_name\":",
	           frontend->config.listed ? "public" : "private",
	           frontend->config.federated ? "" : "\"" MATRIX_FEDERATE "\":false");
	json_put_string(&body, local);
	buf_puts(&body, ",\"name\":");
	json_put_string(&body, making->name);
	/* Who joins later sees what is said from then on, as on the networks behind it. */
	buf_puts(&body, ",\"initial_state\":[{\"type\":\"m.room.history_visibility\",\"state_key\":\"\","
	                "\"content\":{\"history_visibility\":\"joined\"}}]"
	                ",\"power_level_content_override\":{\"events_default\":0,\"state_default\":50,"
	                "\"events\":{\"m.room.topic\":0,\"m.room.history_visibility\":100,\"m.room.encryption\":100,"
	                "\"m.room.server_acl\":100,\"m.room.tombstone\":100}}}");
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_POST,
	                                                            .path = "/_matrix/client/v3/createRoom",
	                                                            .body = buf_text(&body),
	                                                            .done = made,
	                                                            .context = making});
	buf_finish(&body);
	mem_free(local);
	mem_free(alias);
}

static struct making *making_create(struct matrix_frontend *frontend, const char *name)
{
	struct making *making = MEM_NEW(struct making);
	struct text_key key;

	making->frontend = frontend;
	making->name = mem_strdup(name);
	list_init(&making->waiters);
	map_set(&frontend->makings, text_key_lower(&key, name), making);
	text_key_finish(&key);
	return making;
}

static void recover(struct matrix_frontend *frontend, const char *what)
{
	const char *name = what + strlen(PORTAL);

	if (matrix_room_portal(frontend, name)) {
		making_end(frontend, what);
		return;
	}
	struct making *making = making_create(frontend, name);

	making->recovering = true;
	frontend->recovering++;
	look_up_alias(making);
}

void portal_rooms_recover(struct matrix_frontend *frontend)
{
	making_each(frontend, PORTAL, recover);
}

void portal_room_open(struct matrix_frontend *frontend, const char *name, portal_room_done *done,
                      void *context)
{
	struct matrix_room *room = matrix_room_portal(frontend, name);
	struct text_key key;

	if (room) {
		done(context, room, NULL);
		return;
	}
	struct making *making = map_get(frontend->makings, text_key_lower(&key, name));
	struct waiter *waiter = MEM_NEW(struct waiter);

	waiter->done = done;
	waiter->context = context;
	if (making) {
		list_append(&making->waiters, &waiter->link);
		text_key_finish(&key);
		return;
	}
	text_key_finish(&key);
	making = making_create(frontend, name);
	list_append(&making->waiters, &waiter->link);
	make(making);
}

void portal_rooms_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->makings, making_free);
}

/* ------------------------------------------------------------------------------------------------- people */

void portal_room_join(struct matrix_frontend *frontend, const struct matrix_room *room,
                      struct resource *resource)
{
	struct user *user = resource->identity->user;
	const struct room *legacy = room_find(user, room->name);

	/* A relay need not be there itself. */
	if (matrix_room_has(room, resource->identity->address))
		space_add(frontend, resource->identity->address, room);
	if (legacy && room_has(legacy, resource))
		return;
	char *nickname = room_key_nickname(user, room->name);
	int err = router_from_frontend(
	        resource,
	        &(struct event){.type = EVENT_ROOM_JOIN, .room = {.name = room->name, .nickname = nickname}});

	if (err)
		log_info(&frontend->base.log, "%s is not brought into %s: %s",
		         log_quote(resource->identity->address), log_quote(room->name), tp_error_text(err));
	mem_free(nickname);
}

void portal_room_person_in(struct matrix_frontend *frontend, struct matrix_room *room, const char *id)
{
	struct resource *resource = person_attach(frontend, id);

	/* Else it follows when the account has been read: portal_rooms_join_again. */
	if (resource && resource->identity->state == IDENTITY_READY)
		portal_room_join(frontend, room, resource);
	portal_door_came(frontend, room, id);
}

struct others {
	const char *id;
	const struct matrix_room *but;
	bool found;
};

static void look_for(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	struct others *others = context;

	(void)frontend;
	others->found = others->found || (room != others->but && matrix_room_has(room, others->id));
}

void portal_room_person_out(struct matrix_frontend *frontend, struct matrix_room *room, const char *id)
{
	struct resource *resource = session_find(frontend->base.transport, &frontend->base, id, "");
	struct others others = {.id = id, .but = room};

	space_remove(frontend, id, room->id);
	matrix_room_each_portal(frontend, room->name, look_for, &others);
	if (!resource || others.found)
		return;
	router_from_frontend(resource, &(struct event){.type = EVENT_ROOM_LEAVE,
	                                               .room = {.name = room->name, .nickname = ""}});
}

void portal_room_empty(struct matrix_frontend *frontend, struct matrix_room *room)
{
	struct map_iter it = {0};

	while (map_next(room->members, &it))
		if (matrix_is_ours(&frontend->names, it.key) && strcmp(it.key, frontend->bot) != 0)
			ghost_leave(frontend, room, it.key, NULL);
}

void portal_room_join_people(struct matrix_frontend *frontend, struct matrix_room *room)
{
	struct map_iter it = {0};

	while (map_next(room->members, &it))
		if (!matrix_is_ours(&frontend->names, it.key))
			portal_room_person_in(frontend, room, it.key);
}

void portal_rooms_join_again(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	struct resource *resource = person_ready(frontend, id);
	struct map_iter it = {0};

	(void)unused;
	if (!resource)
		return;
	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (room->kind == MATRIX_ROOM_PORTAL && matrix_room_has(room, id))
			portal_room_join(frontend, room, resource);
	}
}

/* ------------------------------------------------------------------------------------------- participants */

struct showing {
	const char *legacy; /* name of the room */
	const char *nickname, *shown_name;
	const char *reason; /* why he leaves; NULL */
	bool banned;        /* and is not to come back */
	enum participant_role role;
};

/* Many come at once: they must not hold up what is said, nor fill the queue of calls. */
void portal_room_next_arrival(struct matrix_frontend *frontend, struct matrix_room *room)
{
	struct map_iter it = {0};
	char *lane = mem_printf("participants of %s", room->id);

	while (!room->arrivals.busy && map_next(room->arrivals.waiting, &it)) {
		char *ghost = mem_strdup(it.key), *name = map_remove(room->arrivals.waiting, ghost);

		if (!matrix_room_has(room, ghost)) {
			room->arrivals.busy = true;
			ghost_enter(frontend, room, ghost, name, lane);
		}
		mem_free(ghost);
		mem_free(name);
		it = (struct map_iter){0};
	}
	mem_free(lane);
}

static void bring_in(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct showing *showing = context;

	bool may_come = room->ghosts + map_count(room->arrivals.waiting) < (size_t)frontend->config.join_ghosts;
	char *ghost = ghost_of_participant(frontend, showing->legacy, showing->nickname);

	if (may_come && !matrix_room_has(room, ghost) && !outsider_of(room, ghost))
		mem_free(map_set(&room->arrivals.waiting, ghost, mem_strdup(showing->shown_name)));
	portal_room_next_arrival(frontend, room);
	portal_power_note(frontend, room, ghost, showing->role);
	mem_free(ghost);
}

/* "kick" or "ban". */
static void put_out(struct matrix_frontend *frontend, struct matrix_room *room, const char *how, const char *id,
                    const char *reason)
{
	struct buf body = {0};

	buf_puts(&body, "{\"user_id\":");
	json_put_string(&body, id);
	buf_puts(&body, ",\"reason\":");
	json_put_string(&body, reason);
	buf_putc(&body, '}');
	matrix_tell(frontend, HTTP_POST, matrix_path("/rooms/%s/%s", room->id, how), NULL, buf_text(&body), room->id);
	buf_finish(&body);
	/* last, as the name may be the map's own */
	matrix_room_note_member(frontend, room, id, false);
}

static void take_out(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct showing *showing = context;
	char *ghost = ghost_of_participant(frontend, showing->legacy, showing->nickname);

	mem_free(map_remove(room->arrivals.waiting, ghost));
	outsider_gone(room, ghost);
	if (showing->banned && room->ours && matrix_room_has(room, ghost))
		put_out(frontend, room, "ban", ghost, showing->reason ? showing->reason : "");
	else
		ghost_leave(frontend, room, ghost, showing->reason);
	portal_power_note(frontend, room, ghost, ROLE_NONE);
	mem_free(ghost);
}

struct kicking {
	const char *id, *reason;
};

void portal_room_kick(struct matrix_frontend *frontend, struct matrix_room *room, const char *id, const char *reason)
{
	put_out(frontend, room, "kick", id, reason);
}

static void kick(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct kicking *kicking = context;

	if (matrix_room_has(room, kicking->id))
		portal_room_kick(frontend, room, kicking->id,
		                 kicking->reason && *kicking->reason ? kicking->reason
		                                                     : "put out of the room of the network");
}

static void refuse(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	portal_door_refused(frontend, room, context);
}

static void let_in(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	portal_door_entered(frontend, room, context);
}

/* What one of our people is in the legacy room. */
static void show_own_role(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct showing *showing = context;

	if (room->ours && matrix_room_has(room, showing->shown_name))
		portal_power_note(frontend, room, showing->shown_name, showing->role);
}

static void tell_removed(struct matrix_frontend *frontend, const struct identity *to,
                         const struct event_participant *participant)
{
	static const struct {
		int flag;
		const char *text;
	} reasons[] = {{PARTICIPANT_CONFLICT, "your nickname is taken there"},
	               {PARTICIPANT_NOT_AUTHORIZED, "you may not enter"},
	               {PARTICIPANT_ROOM_NOT_FOUND, "there is no such room"}};
	const char *reason = "you are not there any more";

	for (size_t i = ARRAY_SIZE(reasons); i-- > 0;)
		if (participant->flags & reasons[i].flag)
			reason = reasons[i].text;
	if (participant->flags & (PARTICIPANT_KICKED | PARTICIPANT_BANNED)) {
		struct kicking kicking = {to->address, participant->status_text};

		matrix_room_each_portal(frontend, participant->room, kick, &kicking);
		return;
	}
	char *text = mem_printf("You are not in %s: %s%s%s.", participant->room, reason,
	                        participant->status_text && *participant->status_text ? ": " : "",
	                        participant->status_text ? participant->status_text : "");

	person_tell(frontend, to->address, text);
	mem_free(text);
	matrix_room_each_portal(frontend, participant->room, refuse, (void *)(uintptr_t)to->address);
}

void portal_room_show_participant(struct matrix_frontend *frontend, struct identity *to,
                                  const struct event_participant *participant)
{
	bool gone = participant->status == STATUS_OFFLINE;
	bool renamed = participant->new_nickname && *participant->new_nickname;
	struct showing showing = {participant->room, participant->nickname,
	                          participant->alias && *participant->alias ? participant->alias
	                                                                    : participant->nickname,
	                          participant->status_text, participant->flags & PARTICIPANT_BANNED,
	                          event_role(participant->role, participant->flags)};

	if (nickname_refused(frontend, to, participant))
		return;
	if (participant->self && (!gone || renamed)) {
		struct showing own = {.shown_name = to->address, .role = showing.role};
		/* The listener may have seen it first, and taken the person for somebody of the network. */
		struct showing taken_for = {participant->room, renamed ? participant->new_nickname : participant->nickname};

		matrix_room_each_portal(frontend, participant->room, take_out, &taken_for);

		matrix_room_each_portal(frontend, participant->room, show_own_role, &own);
		matrix_room_each_portal(frontend, participant->room, let_in, (void *)(uintptr_t)to->address);
		matrix_later(frontend, nickname_follow, to->address, participant->room);
	}
	if (participant->self && gone && !renamed)
		tell_removed(frontend, to, participant);
	if (participant->self || !portal_is_listener(to, participant->room))
		return;
	if (gone || renamed)
		matrix_room_each_portal(frontend, participant->room, take_out, &showing);
	if (gone && !renamed)
		return;
	if (renamed)
		showing.nickname = showing.shown_name = participant->new_nickname;
	if (portal_has_nickname(&frontend->base, participant->room, showing.nickname))
		return;
	if (participant->icon_hash) {
		char *ghost = ghost_of_participant(frontend, participant->room, showing.nickname);
		char *card = mem_printf("%s/%s", participant->room, showing.nickname);

		contact_show_icon(frontend, to, ghost, card, participant->icon_hash);
		mem_free(card);
		mem_free(ghost);
	}
	matrix_room_each_portal(frontend, participant->room, bring_in, &showing);
}

struct syncing {
	const struct room *listener;
	struct map *wanted; /* ghost -> nickname, lent */
};

static void sync_one(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct syncing *syncing = context;
	struct map_iter it = {0};

	map_destroy(&room->arrivals.waiting, mem_free);
	while (map_next(room->members, &it))
		if (matrix_is_ours(&frontend->names, it.key) && strcmp(it.key, frontend->bot) != 0 &&
		    !map_get(syncing->wanted, it.key))
			ghost_leave(frontend, room, it.key, NULL);
	it = (struct map_iter){0};
	while (map_next(syncing->wanted, &it)) {
		struct showing showing = {.legacy = room->name, .nickname = it.value, .shown_name = it.value};

		bring_in(frontend, room, &showing);
	}
	portal_power_update(frontend, room);
	/* It may have been opened or closed while nobody of us was there. */
	if (syncing->listener->has_info)
		portal_door_set(frontend, room, syncing->listener->is_private);
}

void portal_rooms_sync(struct matrix_frontend *frontend, const char *name, const char *unused)
{
	struct syncing syncing = {.listener = portal_listener(&frontend->base, name)};
	struct map_iter it = {0};

	(void)unused;
	if (!syncing.listener)
		return;
	while (map_next(syncing.listener->participants, &it)) {
		const struct participant *participant = it.value;
		char *ghost;

		if (participant->stale || portal_has_nickname(&frontend->base, name, participant->nickname))
			continue;
		ghost = ghost_of_participant(frontend, name, participant->nickname);
		map_set(&syncing.wanted, ghost, participant->nickname);
		mem_free(ghost);
	}
	matrix_room_each_portal(frontend, name, sync_one, &syncing);
	map_destroy(&syncing.wanted, NULL);
}

/* ------------------------------------------------------------------------------------------ topic, title */

static void set_state(struct matrix_frontend *frontend, const char *room, const char *type, const char *key,
                      const char *text)
{
	matrix_tell_text(frontend, HTTP_PUT, matrix_path("/rooms/%s/state/%s/", room, type), NULL, key, text,
	                 room);
}

static void set_topic(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const char *topic = context;

	if (room->shown.topic && !strcmp(room->shown.topic, topic))
		return;
	mem_replace(&room->shown.topic, topic);
	set_state(frontend, room->id, "m.room.topic", "topic", topic);
}

void portal_room_put_back_topic(struct matrix_frontend *frontend, struct matrix_room *room)
{
	const struct room *legacy = portal_listener(&frontend->base, room->name);
	const char *subject = legacy && legacy->subject ? legacy->subject : "";

	if (legacy)
		set_topic(frontend, room, (void *)(uintptr_t)subject);
}

void portal_room_show_subject(struct matrix_frontend *frontend, struct identity *to,
                              const struct event_message *subject)
{
	if (portal_is_listener(to, subject->name))
		matrix_room_each_portal(frontend, subject->name, set_topic, (void *)(uintptr_t)subject->text);
}

static void set_title(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const char *title = context;

	/* A plumbed room has the name that its people gave it. */
	if (!room->ours || (room->shown.title && !strcmp(room->shown.title, title)))
		return;
	mem_replace(&room->shown.title, title);
	set_state(frontend, room->id, "m.room.name", "name", title);
}

void portal_room_call(struct matrix_frontend *frontend, struct matrix_room *room, const char *title)
{
	set_title(frontend, room, (void *)(uintptr_t)title);
}

struct picturing {
	struct identity *to;
	const char *icon_hash;
};

static void set_icon(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct picturing *picturing = context;

	if (room->ours)
		contact_show_room_icon(frontend, picturing->to, room, picturing->icon_hash);
}

static void set_door(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const bool *is_private = context;

	portal_door_set(frontend, room, *is_private);
}

void portal_room_show_info(struct matrix_frontend *frontend, struct identity *to,
                           const struct event_room_info *info)
{
	struct picturing picturing = {to, info->icon_hash};
	bool is_private = info->is_private;

	if (!portal_is_listener(to, info->room))
		return;
	matrix_room_each_portal(frontend, info->room, set_door, &is_private);
	matrix_room_each_portal(frontend, info->room, set_icon, &picturing);
	if (info->title && *info->title)
		matrix_room_each_portal(frontend, info->room, set_title, (void *)(uintptr_t)info->title);
}

void portal_room_show_leave(struct matrix_frontend *frontend, struct identity *to,
                            const struct event_room *room)
{
	char *text;

	if (!room->reason || !*room->reason)
		return;
	text = mem_printf("You are not in %s any more: %s", room->name, room->reason);
	person_tell(frontend, to->address, text);
	mem_free(text);
}
