/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/muc_admin.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/message.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_bans.h"

#define NS_FORM "jabber:x:data"
#define FORM_TYPE "http://jabber.org/protocol/muc#roomconfig"
#define FIELD_NAME "muc#roomconfig_roomname"

const char *muc_affiliation(enum participant_role role, int flags)
{
	static const char *const names[] = {
	        [ROLE_UNSAID] = "member", [ROLE_NONE] = "none",       [ROLE_VOICE] = "member",
	        [ROLE_HELPER] = "admin",  [ROLE_MODERATOR] = "admin", [ROLE_OWNER] = "owner"};
	return role == ROLE_UNSAID && flags & PARTICIPANT_MODERATOR ? "admin" : names[role];
}

const char *muc_role(enum participant_role role, int flags)
{
	return event_role(role, flags) >= ROLE_HELPER ? "moderator" : "participant";
}

/* ------------------------------------------------------------------------------------ answers that come later */

/* One request, whose parts are answered one by one. */
struct admin_request {
	struct reply *reply;
	size_t open;
	bool failed; /* its client was told */
};

static void release(struct admin_request *request)
{
	if (--request->open)
		return;
	reply_destroy(request->reply);
	mem_free(request);
}

static void free_part(void *request)
{
	release(request);
}

void muc_admin_free(struct xmpp_frontend *frontend)
{
	map_destroy(&frontend->admin_requests, free_part);
}

static void fail(struct admin_request *request, const struct stanza_error *error, const char *text)
{
	if (!request->failed)
		reply_error(request->reply, error, text);
	request->failed = true;
}

static void part_done(struct admin_request *request)
{
	if (request->open == 1 && !request->failed)
		reply_empty(request->reply);
	release(request);
}

bool muc_admin_answer(struct xmpp_frontend *frontend, const struct event_message *message,
                      const struct event_undelivered *undelivered)
{
	struct admin_request *request = message->id ? map_remove(frontend->admin_requests, message->id) : NULL;
	if (!request)
		return false;
	if (undelivered)
		fail(request, message_bounce_condition(undelivered->reason), undelivered->text);
	part_done(request);
	return true;
}

/* ------------------------------------------------------------------------------------------------- asking */

static const struct stanza_error *error_of(int err)
{
	switch (err) {
	case TP_ERR_UNSUPPORTED:
		return &ERROR_FEATURE;
	case TP_ERR_NOT_FOUND:
		return &ERROR_NOT_ACCEPTABLE;
	default:
		return stanza_error_of(err);
	}
}

/* Hands one part to the core. The caller holds the request open. */
static void ask(const struct iq_request *iq, struct admin_request *request, struct resource *resource,
                const struct event *event)
{
	struct xmpp_frontend *frontend = iq->frontend;
	struct event out = *event;
	char id[32];
	snprintf(id, sizeof(id), "muc-admin-%" PRIu64, ++frontend->next_id);
	out.message.id = id;
	request->open++;
	map_put(frontend->admin_requests, id, request);
	int err = router_from_frontend(resource, &out);
	/* It may have been answered on the way. */
	if (err && map_remove(frontend->admin_requests, id)) {
		fail(request, error_of(err), NULL);
		release(request);
	}
}

static struct admin_request *request_open(const struct iq_request *iq)
{
	struct admin_request *request = MEM_NEW(struct admin_request);
	request->reply = iq_reply_later(iq);
	request->open = 1;
	return request;
}

/* ------------------------------------------------------------------------------------------------- items */

/* An address of ours that somebody of the room may have: of an occupant, or of a contact who is called as the room's
 * server is. */
static bool nickname_of_jid(const struct iq_request *iq, const struct xmpp_room *room, const char *text,
                            struct buf *out)
{
	struct jid jid;
	struct buf name = {0};
	if (jid_parse(&jid, text) || strcmp(jid.domain, iq->frontend->gateway) != 0 || !jid.node[0])
		return false;
	const char *server = strrchr(room->name, '@');
	if (jid.resource[0]) {
		buf_puts(out, jid.resource);
	} else {
		address_to_contact(iq->frontend, NULL, &name, jid.node);
		size_t length = server && name.len > strlen(server) ? name.len - strlen(server) : 0;
		if (!server)
			buf_puts(out, buf_text(&name));
		else if (length && !strcmp(buf_text(&name) + length, server))
			buf_append(out, buf_text(&name), length);
	}
	buf_finish(&name);
	return out->len > 0;
}

/* Whom an item is about, by the name that the network knows; false: nobody. Of a ban that was listed its address says
 * which one it is. */
static bool item_nickname(const struct iq_request *iq, const struct xmpp_room *room, const struct room *live,
                          xmpp_stanza_t *item, struct buf *out)
{
	const char *shown = xmpp_stanza_get_attribute(item, "nick"), *jid = xmpp_stanza_get_attribute(item, "jid");
	bool frees = text_is(xmpp_stanza_get_attribute(item, "affiliation"), "none");
	bool is_shown = shown && shown[0];
	bool found = jid && (!is_shown || frees) && nickname_of_jid(iq, room, jid, out);
	if (!found && is_shown)
		buf_puts(out, shown);
	else if (!found)
		return false;
	const char *known = muc_nickname_of(live, buf_text(out));
	if (known) {
		char *copy = mem_strdup(known);
		buf_clear(out);
		buf_puts(out, copy);
		mem_free(copy);
	}
	return true;
}

static enum participant_role role_in(const struct room *live, const char *nickname)
{
	const struct participant *participant = live ? map_get(live->participants, nickname) : NULL;
	return participant ? event_role(participant->role, participant->flags) : ROLE_NONE;
}

/* What an item asks for; NONE: it makes no sense. `now`: what he is. */
static struct event_moderation meant(xmpp_stanza_t *item, enum participant_role now, bool there)
{
	const char *role = xmpp_stanza_get_attribute(item, "role"),
	           *affiliation = xmpp_stanza_get_attribute(item, "affiliation");
	struct event_moderation change = {.action = MODERATION_ROLE};

	if (role && affiliation)
		return (struct event_moderation){.action = MODERATION_NONE};
	if (text_is(role, "none"))
		change.action = MODERATION_KICK;
	else if (text_is(affiliation, "outcast"))
		change.action = MODERATION_BAN;
	else if (text_is(affiliation, "none") && !there)
		change.action = MODERATION_UNBAN;
	else if (text_is(role, "moderator") || text_is(affiliation, "admin"))
		change.role = ROLE_MODERATOR;
	else if (text_is(affiliation, "owner"))
		change.role = ROLE_OWNER;
	else if (text_is(affiliation, "member"))
		change.role = ROLE_VOICE;
	else if (text_is(role, "participant"))
		change.role = now >= ROLE_HELPER ? ROLE_NONE : ROLE_VOICE;
	else if (text_is(role, "visitor") || text_is(affiliation, "none"))
		change.role = ROLE_NONE;
	else
		change.action = MODERATION_NONE;
	return change;
}

static const struct stanza_error *do_item(const struct iq_request *iq, struct admin_request *request,
                                          struct resource *resource, const struct xmpp_room *room, xmpp_stanza_t *item)
{
	const struct room *live = muc_live_room(resource, room->name);
	struct buf nickname = {0};
	bool found = item_nickname(iq, room, live, item, &nickname);
	bool there = found && live && map_get(live->participants, buf_text(&nickname));
	struct event_moderation change = meant(item, there ? role_in(live, buf_text(&nickname)) : ROLE_NONE, there);
	const struct stanza_error *error = NULL;
	if (change.action == MODERATION_NONE)
		error = &ERROR_BAD_REQUEST;
	else if (!found || (!there && (change.action == MODERATION_KICK || change.action == MODERATION_ROLE)))
		error = &ERROR_NOT_FOUND;
	if (!error) {
		char *reason = tree_text(tree_child(item, "reason"));
		ask(iq, request, resource,
		    &(struct event){.type = EVENT_MODERATION,
		                    .message = {.kind = MESSAGE_ROOM,
		                                .name = room->name,
		                                .nickname = buf_text(&nickname),
		                                .text = reason,
		                                .moderation = change}});
		mem_free(reason);
	}
	buf_finish(&nickname);
	return error;
}

static void do_items(const struct iq_request *iq, struct resource *resource, const struct xmpp_room *room)
{
	struct admin_request *request = request_open(iq);
	const struct stanza_error *error = NULL;
	size_t count = 0;
	xmpp_stanza_t *item = xmpp_stanza_get_children(iq->child);
	for (; item && !error; item = xmpp_stanza_get_next(item)) {
		if (!tree_is(item, "item"))
			continue;
		error = ++count > LIMIT_XMPP_ADMIN_ITEMS ? &ERROR_NOT_ACCEPTABLE
		                                         : do_item(iq, request, resource, room, item);
	}
	if (!count)
		error = &ERROR_BAD_REQUEST;
	if (error)
		fail(request, error, error == &ERROR_NOT_FOUND ? "Nobody in the room has this nickname." : NULL);
	part_done(request);
}

/* ------------------------------------------------------------------------------------------------- lists */

static void write_item(const struct iq_request *iq, struct xml_writer *writer, const struct participant *participant)
{
	struct buf text = {0};
	const char *alias = participant->alias;
	address_nickname(&text, alias && alias[0] ? alias : participant->nickname);
	xml_start(writer, "item");
	xml_attr(writer, "affiliation", muc_affiliation(participant->role, participant->flags));
	xml_attr(writer, "role", muc_role(participant->role, participant->flags));
	xml_attr(writer, "nick", buf_text(&text));
	buf_clear(&text);
	buf_printf(&text, "%s/", iq->route.to_text);
	address_nickname(&text, alias && alias[0] ? alias : participant->nickname);
	xml_attr(writer, "jid", buf_text(&text));
	xml_end(writer);
	buf_finish(&text);
}

/* The address of what is banned, by which it can be taken back: in place of the nickname its mask. */
static void write_ban(struct xml_writer *writer, const char *room, const struct event_ban *ban)
{
	struct buf text = {0};
	buf_printf(&text, "%s/", room);
	address_nickname(&text, ban->mask);
	xml_start(writer, "item");
	xml_attr(writer, "affiliation", "outcast");
	xml_attr(writer, "jid", buf_text(&text));
	if (ban->nickname) {
		buf_clear(&text);
		address_nickname(&text, ban->nickname);
		xml_attr(writer, "nick", buf_text(&text));
	}
	buf_clear(&text);
	room_bans_describe(&text, ban);
	xml_element(writer, "reason", NULL, buf_text(&text));
	xml_end(writer);
	buf_finish(&text);
}

static void bans_told(void *context, int err, const char *reason, const struct room_bans *bans)
{
	struct reply *reply = context;
	if (err) {
		reply_error(reply, err == TP_ERR_NOT_ALLOWED ? &ERROR_FORBIDDEN : error_of(err), reason);
	} else if (reply->frontend) {
		struct xml_writer *writer = result_begin(reply->frontend, reply->from, reply->to, reply->id);
		xml_start_ns(writer, "query", NS_MUC_ADMIN);
		for (size_t i = 0; i < bans->count; i++)
			write_ban(writer, reply->from, &bans->bans[i]);
		xml_end(writer);
		xml_end(writer);
		xmpp_end(reply->frontend, reply->to);
	}
	reply_destroy(reply);
}

static void list_bans(const struct iq_request *iq, struct room *live)
{
	struct reply *reply = iq_reply_later(iq);
	int err = live ? room_bans_ask(live, bans_told, reply) : TP_ERR_NOT_CONNECTED;
	if (!err)
		return;
	reply_error(reply, error_of(err), NULL);
	reply_destroy(reply);
}

static void list(const struct iq_request *iq, struct room *live)
{
	xmpp_stanza_t *item = tree_child(iq->child, "item");
	const char *role = item ? xmpp_stanza_get_attribute(item, "role") : NULL,
	           *affiliation = item ? xmpp_stanza_get_attribute(item, "affiliation") : NULL;
	struct map_iter it = {0};
	if (!role == !affiliation) {
		iq_error(iq, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	if (text_is(affiliation, "outcast")) {
		list_bans(iq, live);
		return;
	}
	struct xml_writer *writer = iq_result(iq);
	xml_start_ns(writer, "query", NS_MUC_ADMIN);
	while (live && map_next(live->participants, &it)) {
		const struct participant *participant = it.value;
		if (role ? text_is(role, muc_role(participant->role, participant->flags))
		         : text_is(affiliation, muc_affiliation(participant->role, participant->flags)))
			write_item(iq, writer, participant);
	}
	xml_end(writer);
	iq_send(iq);
}

/* The room that it is about, which the client is in; else it is answered. */
static struct xmpp_room *room_of(const struct iq_request *iq, struct resource **resource)
{
	*resource = route_resource(iq->frontend, &iq->route);
	struct xmpp_room *room = muc_find_node(*resource, iq->route.to.node);
	if (iq->route.to.resource[0])
		iq_error(iq, &ERROR_BAD_REQUEST, NULL);
	else if (!room || !room->joined)
		iq_error(iq, &ERROR_NOT_ACCEPTABLE, "You are not in this room.");
	else
		return room;
	return NULL;
}

void muc_admin_handle(const struct iq_request *iq)
{
	struct resource *resource;
	const struct xmpp_room *room = room_of(iq, &resource);
	if (!room)
		return;
	if (iq->set)
		do_items(iq, resource, room);
	else
		list(iq, muc_live_room(resource, room->name));
}

/* ------------------------------------------------------------------------------------- configuration */

static void write_form(const struct iq_request *iq, const char *title)
{
	struct xml_writer *writer = iq_result(iq);
	xml_start_ns(writer, "query", NS_MUC_OWNER);
	xml_start_ns(writer, "x", NS_FORM);
	xml_attr(writer, "type", "form");
	form_put_type(writer, FORM_TYPE);
	xml_start(writer, "field");
	xml_attr(writer, "var", FIELD_NAME);
	xml_attr(writer, "type", "text-single");
	xml_attr(writer, "label", "Name of the room");
	xml_element(writer, "value", NULL, title);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
	iq_send(iq);
}

static void change_room(const struct iq_request *iq, struct resource *resource, const struct xmpp_room *room,
                        struct event_room_change change)
{
	struct admin_request *request = request_open(iq);
	ask(iq, request, resource,
	    &(struct event){
	            .type = EVENT_ROOM_CHANGE,
	            .message = {.kind = MESSAGE_ROOM, .name = room->name, .text = "", .change = change}});
	part_done(request);
}

void muc_owner_handle(const struct iq_request *iq)
{
	struct resource *resource;
	const struct xmpp_room *room = room_of(iq, &resource);
	if (!room)
		return;
	const struct room *live = muc_live_room(resource, room->name);
	if (!iq->set) {
		write_form(iq, live ? live->title : NULL);
		return;
	}
	xmpp_stanza_t *form = tree_child_ns(iq->child, "x", NS_FORM);
	if (!form) { /* or the end of the room */
		iq_error(iq, tree_child(iq->child, "destroy") ? &ERROR_NOT_ALLOWED : &ERROR_BAD_REQUEST, NULL);
		return;
	}
	char *title = text_is(xmpp_stanza_get_attribute(form, "type"), "cancel") ? NULL : form_value(form, FIELD_NAME);
	if (title && strcmp(title, live && live->title ? live->title : "") != 0)
		change_room(iq, resource, room, (struct event_room_change){.title = title});
	else
		iq_empty_result(iq);
	mem_free(title);
}

void muc_set_picture(const struct iq_request *iq, const uint8_t *photo, size_t size)
{
	struct resource *resource;
	const struct xmpp_room *room = room_of(iq, &resource);
	if (room)
		change_room(iq, resource, room,
		            (struct event_room_change){
		                    .picture = photo, .picture_size = photo ? size : 0, .has_picture = true});
}
