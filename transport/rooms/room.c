/* SPDX-License-Identifier: MIT */
#include "transport/rooms/room.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/people/portrait.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/resume.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room_bans.h"
#include "transport/routing/delivery.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

struct room *room_find(const struct user *user, const char *name)
{
	struct text_key key;
	struct room *room = map_get(user->rooms, text_key_lower(&key, name));

	text_key_finish(&key);
	return room;
}

/* Clients write room names in lower case; a network's own list knows better. An exact match wins. */
static const char *listed_name(const char *const *rooms, size_t count, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(rooms[i], name))
			return rooms[i];
		if (!found && text_equal_nocase(rooms[i], name))
			found = rooms[i];
	}
	return found;
}

struct room *room_create(struct user *user, const char *name, const char *nickname, const char *password)
{
	struct room *room = MEM_NEW(struct room);
	struct text_key key;
	const char *listed = listed_name(user->room_list, user->room_list_count, name);

	if (!listed)
		listed = listed_name(user->transport->room_list, user->transport->room_list_count, name);
	room->user = user;
	room->name = mem_strdup(name);
	room->network_name = mem_strdup(listed ? listed : name);
	room->nickname = mem_strdup(nickname);
	room->password = password && *password ? mem_strdup(password) : NULL;
	room->state = ROOM_WANTED;
	list_init(&room->occupants);
	list_init(&room->viewed);
	room->participants = map_create();
	map_set(&user->rooms, text_key_lower(&key, name), room);
	text_key_finish(&key);
	resume_note_room(room);
	return room;
}

static void participant_free(void *value)
{
	struct participant *participant = value;

	mem_free(participant->nickname);
	mem_free(participant->status_text);
	mem_free(participant->icon_hash);
	mem_free(participant->alias);
	mem_free(participant);
}

static void occupant_free(struct occupant *occupant)
{
	list_remove(&occupant->link);
	mem_free(occupant);
}

void room_destroy(struct room **slot)
{
	struct room *room = *slot;

	*slot = NULL;
	if (!room)
		return;
	struct text_key key;

	room_bans_give_up(room, TP_ERR_NOT_CONNECTED);
	portal_forget_room(room);
	delivery_room_gone(room, NULL);
	if (!room->user->transport->stopping || !user_stays_connected(room->user))
		resume_forget_room(room);
	map_remove(room->user->rooms, text_key_lower(&key, room->name));
	text_key_finish(&key);
	LIST_EACH (link, &room->occupants)
		occupant_free(CONTAINER_OF(link, struct occupant, link));
	map_destroy(&room->participants, participant_free);
	for (size_t i = 0; i < ROOM_REFLECTIONS; i++) {
		mem_free(room->reflections[i].id);
		mem_free(room->reflections[i].text);
	}
	mem_free(room->name);
	mem_free(room->network_name);
	mem_free(room->nickname);
	mem_free(room->wanted_nickname);
	mem_free_secret(room->password);
	mem_free_secret(room->raw_join);
	mem_free(room->subject);
	mem_free(room->subject_author);
	mem_free(room->title);
	mem_free(room->description);
	mem_free(room->icon_hash);
	mem_free(room);
}

static struct occupant *find_occupant(const struct room *room, const struct resource *resource)
{
	LIST_EACH (link, &room->occupants) {
		struct occupant *occupant = CONTAINER_OF(link, struct occupant, link);

		if (occupant->resource == resource)
			return occupant;
	}
	return NULL;
}

bool room_has(const struct room *room, const struct resource *resource)
{
	return find_occupant(room, resource) != NULL;
}

bool room_add(struct room *room, struct resource *resource)
{
	if (room_has(room, resource))
		return false;
	struct occupant *occupant = MEM_NEW(struct occupant);

	occupant->resource = resource;
	occupant->late = room->state != ROOM_JOINED && (map_count(room->participants) || room->subject);
	list_append(&room->occupants, &occupant->link);
	portal_update(room);
	resume_note_room(room);
	return true;
}

bool room_remove(struct room *room, struct resource *resource)
{
	struct occupant *occupant = find_occupant(room, resource);

	if (!occupant)
		return false;
	occupant_free(occupant);
	portal_update(room);
	resume_note_room(room);
	return true;
}

void room_join(struct room *room)
{
	const struct event_raw raw = {.kind = RAW_PRESENCE,
				      .name = room->network_name,
				      .bytes = room->raw_join,
				      .length = room->raw_join ? strlen(room->raw_join) : 0};
	struct event event = {
		.type = EVENT_ROOM_JOIN,
		.raw = room->raw_join ? &raw : NULL,
		.room = {.name = room->network_name, .nickname = room->nickname, .password = room->password}};

	room->state = ROOM_JOINING;
	user_send(room->user, &event);
}

void room_leave(struct room *room, struct resource *resource, const struct event_raw *raw)
{
	if (!room_remove(room, resource))
		return;
	if (list_empty(&room->occupants) && !user_stays_connected(room->user))
		room_abandon(&room, raw);
}

void room_abandon(struct room **slot, const struct event_raw *raw)
{
	struct room *room = *slot;
	struct event event = {.type = EVENT_ROOM_LEAVE,
			      .raw = raw,
			      .room = {.name = room->network_name, .nickname = ""}};

	if (room->state != ROOM_WANTED)
		user_send(room->user, &event);
	room_destroy(slot);
}

void room_close(struct room **slot, const char *reason)
{
	struct room *room = *slot;
	struct event event = {.type = EVENT_ROOM_LEAVE,
			      .user = room->user->key,
			      .room = {.name = room->name, .nickname = room->nickname, .reason = reason}};

	room_deliver(room, NULL, &event);
	room_destroy(slot);
}

void room_set_away(struct room *room, bool away)
{
	room->away = away;
	portal_update(room);
}

void room_mark_lost(struct room *room)
{
	struct map_iter it = {0};

	room->state = ROOM_WANTED;
	room->away = false;
	room_bans_give_up(room, TP_ERR_NOT_CONNECTED);
	portal_update(room);
	MEM_FREE(room->wanted_nickname);
	while (map_next(room->participants, &it)) {
		struct participant *participant = it.value;

		participant->stale = true;
	}
}

void room_remember_reflection(struct room *room, const char *id, const char *text)
{
	struct reflection *slot = &room->reflections[room->reflection_next];

	room->reflection_next = (room->reflection_next + 1) % ROOM_REFLECTIONS;
	mem_replace(&slot->id, id);
	mem_replace(&slot->text, text);
}

char *room_take_reflection(struct room *room, const char *text)
{
	for (unsigned i = 0; i < ROOM_REFLECTIONS; i++) {
		/* Oldest first: the same text sent twice comes back in the order of sending. */
		struct reflection *slot = &room->reflections[(room->reflection_next + i) % ROOM_REFLECTIONS];

		if (!slot->id || strcmp(slot->text, text))
			continue;
		char *id = slot->id;

		slot->id = NULL;
		MEM_FREE(slot->text);
		return id;
	}
	return NULL;
}

void room_deliver(struct room *room, struct resource *only, const struct event *event)
{
	bool replayed_later = event->type == EVENT_PARTICIPANT || event->type == EVENT_SUBJECT ||
			      event->type == EVENT_ROOM_INFO;

	if (only) {
		router_deliver_to(only->identity, only, event);
		return;
	}
	LIST_EACH (link, &room->occupants) {
		struct occupant *occupant = CONTAINER_OF(link, struct occupant, link);

		/* A join that failed is not replayed: everybody must hear of it. */
		if (occupant->late && replayed_later &&
		    !(event->type == EVENT_PARTICIPANT && event->participant.self &&
		      event->participant.status == STATUS_OFFLINE))
			continue;
		router_deliver_to(occupant->resource->identity, occupant->resource, event);
	}
}

void room_participant_event(const struct room *room, const struct participant *participant, struct event *event)
{
	*event = (struct event){.type = EVENT_PARTICIPANT,
				.user = room->user->key,
				.participant = {.room = room->name,
						.nickname = participant->nickname,
						.flags = participant->flags,
						.role = participant->role,
						.status = participant->status,
						.status_text = participant->status_text,
						.icon_hash = participant->icon_hash,
						.alias = participant->alias,
						.self = !strcmp(participant->nickname, room->nickname)}};
}

void room_deliver_subject(struct room *room, struct resource *only)
{
	struct event event = {.type = EVENT_SUBJECT,
			      .user = room->user->key,
			      .message = {.kind = MESSAGE_ROOM,
					  .name = room->name,
					  .nickname = room->subject_author,
					  .text = room->subject}};

	if (room->subject)
		room_deliver(room, only, &event);
}

void room_replay(struct room *room, struct resource *to)
{
	struct participant myself = {.nickname = room->nickname, .status = STATUS_ONLINE};
	const struct participant *own = map_get(room->participants, room->nickname);
	struct map_iter it = {0};
	struct event event;

	while (map_next(room->participants, &it)) {
		room_participant_event(room, it.value, &event);
		if (!event.participant.self)
			room_deliver(room, to, &event);
	}
	room_participant_event(room, own ? own : &myself, &event);
	room_deliver(room, to, &event);
	room_deliver_info(room, to);
	delivery_room_entered(room, to);
	room_deliver_subject(room, to);
	portrait_show_all(room, to);
}

static bool replace_told(char **slot, const char *text)
{
	if (!text || (*slot && !strcmp(*slot, text)))
		return false;
	mem_replace(slot, text);
	return true;
}

bool room_update_info(struct room *room, const struct event_room_info *info)
{
	bool changed = !room->has_info || room->is_private != info->is_private ||
		       (info->members && info->members != room->members);

	changed = replace_told(&room->title, info->title) || changed;
	changed = replace_told(&room->description, info->description) || changed;
	changed = replace_told(&room->icon_hash, info->icon_hash) || changed;
	if (info->members)
		room->members = info->members;
	room->is_private = info->is_private;
	room->has_info = true;
	return changed;
}

void room_info_event(const struct room *room, struct event *event)
{
	*event = (struct event){.type = EVENT_ROOM_INFO,
				.user = room->user->key,
				.trace = event->trace,
				.room_info = {.room = room->name,
					      .title = room->title,
					      .description = room->description,
					      .icon_hash = room->icon_hash,
					      .members = room->members,
					      .is_private = room->is_private}};
}

void room_deliver_info(struct room *room, struct resource *only)
{
	struct event event = {0};

	room_info_event(room, &event);
	if (room->has_info)
		room_deliver(room, only, &event);
}

void room_joined(struct room *room)
{
	struct map_iter it = {0};

	room->state = ROOM_JOINED;
	portal_update(room);
	while (map_next(room->participants, &it)) {
		struct participant *participant = it.value;
		struct event event;

		if (!participant->stale)
			continue;
		room_participant_event(room, participant, &event);
		event.participant.status = STATUS_OFFLINE;
		event.participant.status_text = NULL;
		room_deliver(room, NULL, &event);
		map_remove(room->participants, it.key);
		participant_free(participant);
	}
}

static struct participant *rename_participant(struct room *room, const char *from, const char *to)
{
	struct participant *participant = map_remove(room->participants, from);

	if (!participant)
		return NULL;
	struct participant *replaced = map_put(room->participants, to, participant);

	if (replaced)
		participant_free(replaced);
	mem_replace(&participant->nickname, to);
	return participant;
}

static struct participant *find_or_add(struct room *room, const char *nickname)
{
	struct participant *participant = map_get(room->participants, nickname);

	if (participant)
		return participant;
	if (map_count(room->participants) >= LIMIT_PARTICIPANTS_PER_ROOM) {
		if (!room->full_told)
			log_warning(&room->user->log,
				    "room %s has more than %d participants: the others are not shown",
				    log_quote(room->name), LIMIT_PARTICIPANTS_PER_ROOM);
		room->full_told = true;
		return NULL;
	}
	participant = MEM_NEW(struct participant);
	participant->nickname = mem_strdup(nickname);
	map_put(room->participants, nickname, participant);
	return participant;
}

struct participant *room_update_participant(struct room *room, const struct event_participant *from)
{
	struct participant *participant = NULL;
	bool renamed = from->new_nickname && *from->new_nickname;

	if (from->status == STATUS_OFFLINE && !renamed) {
		participant = map_remove(room->participants, from->nickname);
		if (participant)
			participant_free(participant);
		return NULL;
	}
	if (renamed)
		participant = rename_participant(room, from->nickname, from->new_nickname);
	if (!participant)
		participant = find_or_add(room, renamed ? from->new_nickname : from->nickname);
	if (!participant)
		return NULL;
	participant->stale = false;
	participant->flags = from->flags;
	participant->role = from->role;
	participant->status = from->status == STATUS_OFFLINE ? STATUS_ONLINE : from->status;
	mem_replace(&participant->status_text, from->status_text);
	if (from->icon_hash || !renamed)
		mem_replace(&participant->icon_hash, from->icon_hash);
	if (from->alias && *from->alias)
		mem_replace(&participant->alias, from->alias);
	else if (!renamed)
		MEM_FREE(participant->alias);
	return participant;
}
