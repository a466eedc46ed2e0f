/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/muc.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/state.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

void muc_room_destroy(void *data)
{
	struct xmpp_room *room = data;
	list_remove(&room->due_link);
	mem_free(room->name);
	mem_free(room->node);
	mem_free(room->nickname);
	mem_free(room->wanted);
	mem_free(room->to);
	mem_free(room);
}

void muc_key(struct buf *out, const char *name)
{
	struct buf node = {0};
	jid_from_room(&node, name, true);
	if (!jid_prepare_name(out, buf_text(&node)))
		buf_puts(out, buf_text(&node));
	buf_finish(&node);
}

struct xmpp_room *muc_find(struct resource *resource, const char *name)
{
	if (!resource || !resource->data)
		return NULL;
	struct buf key = {0};
	muc_key(&key, name);
	struct xmpp_room *room = map_get(resource_state(resource)->rooms, buf_text(&key));
	buf_finish(&key);
	return room;
}

struct xmpp_room *muc_find_node(struct resource *resource, const char *node)
{
	struct buf name = {0};
	jid_to_legacy(&name, node);
	struct xmpp_room *room = muc_find(resource, buf_text(&name));
	buf_finish(&name);
	return room;
}

struct xmpp_room *muc_open(struct xmpp_frontend *frontend, struct resource *resource, const char *name,
                           const char *node)
{
	(void)frontend;
	struct xmpp_room *room = MEM_NEW(struct xmpp_room);
	struct buf key = {0}, to = {0};
	muc_key(&key, name);
	address_of_resource(resource, &to);
	room->name = mem_strdup(name);
	room->node = mem_strdup(node ? node : buf_text(&key));
	room->to = buf_take(&to);
	list_init(&room->due_link);
	struct xmpp_room *old = map_set(&resource_state(resource)->rooms, buf_text(&key), room);
	if (old)
		muc_room_destroy(old);
	buf_finish(&key);
	return room;
}

void muc_close(struct resource *resource, const char *name)
{
	struct buf key = {0};
	muc_key(&key, name);
	struct xmpp_room *room = map_remove(resource_state(resource)->rooms, buf_text(&key));
	if (room)
		muc_room_destroy(room);
	buf_finish(&key);
}

void muc_resume(struct xmpp_frontend *frontend, struct resource *resource, const struct room *live)
{
	struct xmpp_room *room = muc_open(frontend, resource, live->name, NULL);
	room->nickname = mem_strdup(live->nickname);
	room->joined = room->has_subject = true;
}

struct room *muc_live_room(const struct resource *resource, const char *name)
{
	const struct user *user = resource ? resource->identity->user : NULL;
	return user && user->rooms ? room_find(user, name) : NULL;
}

static void refuse_join(struct xmpp_frontend *frontend, const struct route *route,
                        const struct presence_stanza *presence, const struct stanza_error *error,
                        const char *text)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "type", "error");
	xml_attr(writer, "from", route->to_text);
	xml_attr(writer, "to", route->from_text);
	xml_attr(writer, "id", presence->id);
	xml_empty(writer, "x", NS_MUC);
	write_stanza_error(writer, error, text);
	xml_end(writer);
	xmpp_end(frontend, route->from_text);
}

static int ask_to_join(struct xmpp_frontend *frontend, const struct route *route, struct resource *resource,
                       const char *name, const struct presence_stanza *presence)
{
	struct event event = {.type = EVENT_ROOM_JOIN};
	struct raw_out raw;
	event.room.name = name;
	event.room.nickname = route->to.resource;
	event.room.password = presence->muc_password;
	event.raw = raw_out_fill(&raw, frontend, route, resource, RAW_PRESENCE, presence->tree);
	int err = router_from_frontend(resource, &event);
	raw_out_finish(&raw);
	return err;
}

/* In the room already: another nickname, or a client that has forgotten that it is in. */
static void join_again(struct xmpp_frontend *frontend, const struct route *route, struct resource *resource,
                       struct xmpp_room *room, const struct presence_stanza *presence)
{
	const char *nickname = route->to.resource;
	bool same = room->nickname && !strcmp(room->nickname, nickname);
	if (same && !presence->muc) {
		/* Its show or status changed: rooms of other networks have none of their own. */
		if (raw_is_on(frontend))
			raw_presence(frontend, route, presence);
		return;
	}
	mem_replace(&room->node, route->to.node);
	struct room *live = muc_live_room(resource, room->name);
	if (same && live && live->state == ROOM_JOINED && room_has(live, resource)) {
		room->joined = room->has_subject = false;
		room_replay(live, resource);
		return;
	}
	int err = ask_to_join(frontend, route, resource, room->name, presence);
	if (!err) {
		if (room->joined && !same)
			mem_replace(&room->wanted, nickname);
		return;
	}
	/* A refused change of the nickname leaves the client where it is. */
	const struct stanza_error *error =
	        err == TP_ERR_UNSUPPORTED ? &ERROR_NOT_ACCEPTABLE : stanza_error_of(err);
	refuse_join(frontend, route, presence, error, NULL);
}

static void join(struct xmpp_frontend *frontend, const struct route *route,
                 const struct presence_stanza *presence)
{
	const char *nickname = route->to.resource;
	struct resource *resource = route_resource(frontend, route);
	struct xmpp_room *room = muc_find_node(resource, route->to.node);
	if (!nickname[0]) {
		refuse_join(frontend, route, presence, &ERROR_JID_MALFORMED, "A nickname is needed.");
		return;
	}
	if (room) {
		join_again(frontend, route, resource, room, presence);
		return;
	}
	if (!resource)
		resource = session_attach(&frontend->base, route->address, route->from.resource, nickname);
	if (!resource) {
		refuse_join(frontend, route, presence, &ERROR_CONSTRAINT, NULL);
		return;
	}
	struct buf name = {0};
	jid_to_legacy(&name, route->to.node);
	const struct room *live = muc_live_room(resource, buf_text(&name));
	room = muc_open(frontend, resource, live ? live->name : buf_text(&name), route->to.node);
	mem_replace(&room->nickname, nickname);
	int err = ask_to_join(frontend, route, resource, buf_text(&name), presence);
	if (err) {
		refuse_join(frontend, route, presence, stanza_error_of(err), NULL);
		resource = route_resource(frontend, route);
		if (resource)
			muc_close(resource, buf_text(&name));
	}
	buf_finish(&name);
}

static void leave(struct xmpp_frontend *frontend, const struct route *route, struct resource *resource,
                  const struct xmpp_room *room, const struct presence_stanza *presence)
{
	char *name = mem_strdup(room->name);
	struct event event = {.type = EVENT_ROOM_LEAVE};
	struct raw_out raw;
	event.room.name = name;
	event.room.nickname = "";
	event.raw = raw_out_fill(&raw, frontend, route, resource, RAW_PRESENCE, presence->tree);
	router_from_frontend(resource, &event);
	raw_out_finish(&raw);
	resource = route_resource(frontend, route);
	room = muc_find(resource, name);
	if (room) { /* the core had nothing to say */
		muc_show_left(frontend, room);
		muc_close(resource, name);
	}
	MEM_FREE(name);
	/* A client that was here for its rooms only is gone with the last. */
	if (!frontend->config.server_mode && resource && !resource->has_presence &&
	    !map_count(resource_state(resource)->rooms))
		session_detach(resource);
}

bool muc_handle_presence(struct xmpp_frontend *frontend, const struct route *route,
                         const struct presence_stanza *presence)
{
	const char *type = presence->type;
	struct resource *resource = route_resource(frontend, route);
	struct xmpp_room *room = muc_find_node(resource, route->to.node);
	bool is_room = room || route->to.node[0] == '#' || presence->muc;
	if (!is_room)
		return false;
	if (!type) {
		join(frontend, route, presence);
		return true;
	}
	if (!strcmp(type, "unavailable")) {
		if (room)
			leave(frontend, route, resource, room, presence);
		return true;
	}
	if (!strcmp(type, "error")) {
		muc_bounced(frontend, route, presence->error_condition);
		return true;
	}
	return !strcmp(type, "probe") || room != NULL;
}

bool muc_bounced(struct xmpp_frontend *frontend, const struct route *route, const char *condition)
{
	static const char *const gone[] = {
	        "gone",     "item-not-found",          "jid-malformed",         "recipient-unavailable",
	        "redirect", "remote-server-not-found", "remote-server-timeout", "service-unavailable"};
	struct resource *resource = route_resource(frontend, route);
	if (!resource || !condition || !muc_find_node(resource, route->to.node))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		if (strcmp(condition, gone[i]) != 0)
			continue;
		log_debug(&frontend->base.log, "client %s is not there any more: %s",
		          log_quote(route->from_text), gone[i]);
		raw_leave_rooms(frontend, resource);
		muc_forget_rooms(frontend, resource);
		session_detach(resource);
		return true;
	}
	return false;
}

static void refuse_message(struct xmpp_frontend *frontend, const struct route *route,
                           const struct message_stanza *message, const struct stanza_error *error,
                           const char *text)
{
	send_error(frontend, "message", route->to_text, route->from_text, message->id, error, text);
}

void muc_handle_groupchat(struct xmpp_frontend *frontend, const struct route *route,
                          const struct message_stanza *message)
{
	struct resource *resource = route_resource(frontend, route);
	struct xmpp_room *room = muc_find_node(resource, route->to.node);
	if (!room) {
		refuse_message(frontend, route, message, &ERROR_NOT_ACCEPTABLE, "You are not in this room.");
		return;
	}
	if (route->to.resource[0]) {
		refuse_message(frontend, route, message, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	if (message->displayed) {
		message_read(resource, room->name, message->displayed);
		return;
	}
	/* A message ends the typing by itself. */
	if (message->chat_state && !message->body) {
		message_tell_chat_state(resource, room->name, message->chat_state);
		return;
	}
	struct event event = {.type = EVENT_MESSAGE};
	struct buf xhtml = {0};
	event.message.kind = MESSAGE_ROOM;
	event.message.name = room->name;
	event.message.id = message->id;
	if (message->subject && !message->body) {
		event.type = EVENT_SUBJECT;
		event.message.text = message->subject;
	} else if (!message_fill(frontend, message, &event.message, &xhtml)) {
		return; /* nothing to tell a legacy room */
	}
	int err = router_from_frontend(resource, &event);
	buf_finish(&xhtml);
	if (err == TP_ERR_NOT_FOUND)
		refuse_message(frontend, route, message, &ERROR_NOT_ACCEPTABLE, "You are not in this room.");
	else if (err)
		refuse_message(frontend, route, message, stanza_error_of(err), NULL);
}

const char *muc_nickname_of(const struct room *live, const char *shown)
{
	if (!live)
		return NULL;
	const struct participant *exact = map_get(live->participants, shown);
	if (exact && !exact->alias)
		return exact->nickname;
	struct map_iter it = {0};
	struct buf name = {0};
	const char *found = NULL;
	while (!found && map_next(live->participants, &it)) {
		const struct participant *participant = it.value;
		const char *alias = participant->alias;
		buf_clear(&name);
		address_nickname(&name, alias && alias[0] ? alias : participant->nickname);
		if (!strcmp(buf_text(&name), shown))
			found = participant->nickname;
	}
	buf_finish(&name);
	return found;
}

bool muc_handle_private(struct xmpp_frontend *frontend, const struct route *route,
                        const struct message_stanza *message)
{
	struct resource *resource = route_resource(frontend, route);
	struct xmpp_room *room = muc_find_node(resource, route->to.node);
	if (!room)
		return false;
	struct event event = {.type = EVENT_MESSAGE};
	struct buf xhtml = {0};
	event.message.kind = MESSAGE_ROOM_PRIVATE;
	event.message.name = room->name;
	if (!message_fill(frontend, message, &event.message, &xhtml))
		return true;
	event.message.nickname = muc_nickname_of(muc_live_room(resource, room->name), route->to.resource);
	int err = event.message.nickname ? router_from_frontend(resource, &event) : TP_ERR_NOT_FOUND;
	buf_finish(&xhtml);
	if (err)
		refuse_message(frontend, route, message, stanza_error_of(err),
		               err == TP_ERR_NOT_FOUND ? "Nobody in the room has this nickname." : NULL);
	return true;
}

const struct stanza_error *muc_ping(struct xmpp_frontend *frontend, const struct route *route)
{
	struct resource *resource = route_resource(frontend, route);
	const struct xmpp_room *room = muc_find_node(resource, route->to.node);
	if (!room || !room->joined)
		return &ERROR_NOT_ACCEPTABLE;
	if (!strcmp(route->to.resource, room->nickname))
		return NULL;
	return muc_nickname_of(muc_live_room(resource, room->name), route->to.resource) ? &ERROR_SERVICE
	                                                                            : &ERROR_NOT_FOUND;
}
