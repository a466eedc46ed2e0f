/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/muc_admin.h"
#include "frontends/xmpp/presence.h"
#include "frontends/xmpp/state.h"
#include "transport/rooms/room.h"

#define SUBJECT_WAIT_MS 1000

enum { /* XEP-0045, "Status Codes" */
       CODE_CONFIGURED = 104,
       CODE_SELF = 110,
       CODE_NICKNAME_ASSIGNED = 210,
       CODE_BANNED = 301,
       CODE_RENAMED = 303,
       CODE_KICKED = 307,
       CODE_SHUTDOWN = 332,
       CODE_TECHNICAL = 333,
};

#define MAX_CODES 4
struct muc_presence {         /* one to be written */
	const char *type;     /* NULL: available */
	const char *nickname; /* shown */
	const char *new_nickname;
	enum participant_role role;
	int flags;              /* of enum participant_flag */
	bool nobody;            /* role none */
	enum status status;
	const char *status_text;
	const char *icon_hash;
	const char *actor, *reason;
	int codes[MAX_CODES];
	unsigned codes_count;
};

static void add_code(struct muc_presence *presence, int code)
{
	if (presence->codes_count < MAX_CODES)
		presence->codes[presence->codes_count++] = code;
}

static void room_jid(struct xmpp_frontend *frontend, const struct xmpp_room *room, const char *nickname,
                     struct buf *out)
{
	buf_puts(out, room->node);
	buf_putc(out, '@');
	buf_puts(out, frontend->gateway);
	if (!nickname || !nickname[0])
		return;
	buf_putc(out, '/');
	address_nickname(out, nickname);
}

static void write_item(struct xml_writer *writer, const struct muc_presence *presence)
{
	xml_start(writer, "item");
	xml_attr(writer, "affiliation",
	         presence->flags & PARTICIPANT_BANNED ? "outcast" : muc_affiliation(presence->role, presence->flags));
	xml_attr(writer, "role", presence->nobody ? "none" : muc_role(presence->role, presence->flags));
	if (presence->new_nickname) {
		struct buf nickname = {0};
		address_nickname(&nickname, presence->new_nickname);
		xml_attr(writer, "nick", buf_text(&nickname));
		buf_finish(&nickname);
	}
	if (presence->actor) {
		xml_start(writer, "actor");
		xml_attr(writer, "nick", presence->actor);
		xml_end(writer);
	}
	xml_element(writer, "reason", NULL, presence->reason);
	xml_end(writer);
}

static void send_presence(struct xmpp_frontend *frontend, const struct xmpp_room *room,
                          const struct muc_presence *presence)
{
	struct buf from = {0};
	room_jid(frontend, room, presence->nickname, &from);
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "type", presence->type);
	xml_attr(writer, "from", buf_text(&from));
	xml_attr(writer, "to", room->to);
	write_status(writer, presence->status, presence->status_text);
	if (!presence->type) {
		if (presence->icon_hash)
			write_photo(writer, presence->icon_hash);
		write_caps(frontend, writer);
	}
	xml_start_ns(writer, "x", NS_MUC_USER);
	write_item(writer, presence);
	for (unsigned i = 0; i < presence->codes_count; i++) {
		xml_start(writer, "status");
		xml_attr_int(writer, "code", presence->codes[i]);
		xml_end(writer);
	}
	xml_end(writer);
	xml_end(writer);
	xmpp_end(frontend, room->to);
	buf_finish(&from);
}

static const struct stanza_error *join_error(int flags)
{
	if (flags & PARTICIPANT_CONFLICT)
		return &ERROR_CONFLICT;
	if (flags & PARTICIPANT_NOT_AUTHORIZED)
		return &ERROR_NOT_AUTHORIZED;
	if (flags & PARTICIPANT_ROOM_NOT_FOUND)
		return &ERROR_NOT_FOUND;
	return NULL;
}

/* nickname: the one that was asked for. */
static void send_join_error(struct xmpp_frontend *frontend, const struct xmpp_room *room,
                            const char *nickname, const struct stanza_error *error, const char *text)
{
	struct buf from = {0};
	room_jid(frontend, room, nickname, &from);
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "type", "error");
	xml_attr(writer, "from", buf_text(&from));
	xml_attr(writer, "to", room->to);
	xml_empty(writer, "x", NS_MUC);
	write_stanza_error(writer, error, text && text[0] ? text : NULL);
	xml_end(writer);
	xmpp_end(frontend, room->to);
	buf_finish(&from);
}

static const char *shown_name(const struct event_participant *what, const char *nickname)
{
	return what->alias && what->alias[0] ? what->alias : nickname;
}

static void show_gone(struct xmpp_frontend *frontend, const struct xmpp_room *room,
                      const struct event_participant *what)
{
	struct muc_presence presence = {
	        .type = "unavailable",
	        .nickname = shown_name(what, what->nickname),
	        .role = what->role,
	        .flags = what->flags,
	        .nobody = true,
	        .status_text = what->status_text,
	};
	if (what->self)
		add_code(&presence, CODE_SELF);
	if (what->flags & PARTICIPANT_BANNED)
		add_code(&presence, CODE_BANNED);
	if (what->flags & PARTICIPANT_KICKED)
		add_code(&presence, CODE_KICKED);
	if (presence.codes_count > (what->self ? 1u : 0u))
		presence.reason = what->status_text;
	send_presence(frontend, room, &presence);
}

static void show_renamed(struct xmpp_frontend *frontend, const struct xmpp_room *room,
                         const struct event_participant *what, const char *from, const char *to)
{
	struct muc_presence presence = {
	        .type = "unavailable",
	        .nickname = from,
	        .new_nickname = to,
	        .role = what->role,
	        .flags = what->flags,
	};
	add_code(&presence, CODE_RENAMED);
	if (what->self)
		add_code(&presence, CODE_SELF);
	send_presence(frontend, room, &presence);
}

static void await_subject(struct xmpp_frontend *frontend, struct xmpp_room *room)
{
	list_remove(&room->due_link);
	room->due = clock_ms() + SUBJECT_WAIT_MS;
	list_append(&frontend->subjects_due, &room->due_link);
}

static void show_present(struct xmpp_frontend *frontend, struct xmpp_room *room,
                         const struct event_participant *what, const char *shown)
{
	struct muc_presence presence = {
	        .nickname = shown,
	        .role = what->role,
	        .flags = what->flags,
	        .status = what->status,
	        .status_text = what->status_text,
	        .icon_hash = what->icon_hash,
	};
	if (!what->self) {
		send_presence(frontend, room, &presence);
		return;
	}
	struct buf resource = {0};
	address_nickname(&resource, shown);
	bool assigned = room->nickname && strcmp(room->nickname, buf_text(&resource)) != 0;
	mem_replace(&room->nickname, buf_text(&resource));
	buf_finish(&resource);
	add_code(&presence, CODE_SELF);
	if (assigned)
		add_code(&presence, CODE_NICKNAME_ASSIGNED);
	send_presence(frontend, room, &presence);
	if (!room->joined && !room->has_subject)
		await_subject(frontend, room);
	room->joined = true;
}

static void show_refused(struct xmpp_frontend *frontend, struct resource *to, struct xmpp_room *room,
                         const struct stanza_error *error, const struct event_participant *what)
{
	if (what->self) {
		send_join_error(frontend, room, room->nickname, error, what->status_text);
		muc_close(to, what->room);
	} else if (room->wanted) {
		/* One stays in under the nickname that one has, and so does the owner of the other. */
		send_join_error(frontend, room, room->wanted, error, what->status_text);
		MEM_FREE(room->wanted);
	}
}

void muc_show_participant(struct xmpp_frontend *frontend, struct resource *to,
                          const struct event_participant *what)
{
	struct xmpp_room *room = muc_find(to, what->room);
	const struct stanza_error *error = join_error(what->flags);
	if (error) {
		if (room)
			show_refused(frontend, to, room, error, what);
		return;
	}
	if (!room) /* joined by a command */
		room = muc_open(frontend, to, what->room, NULL);
	if (what->status == STATUS_OFFLINE && !what->new_nickname) {
		show_gone(frontend, room, what);
		if (what->self)
			muc_close(to, what->room);
		return;
	}
	const char *before = shown_name(what, what->nickname), *now = before;
	if (what->new_nickname && what->new_nickname[0])
		now = shown_name(what, what->new_nickname);
	if (strcmp(before, now) != 0) {
		show_renamed(frontend, room, what, before, now);
		if (what->self) { /* the client was told with 303 */
			mem_replace(&room->nickname, NULL);
			MEM_FREE(room->wanted);
		}
	}
	show_present(frontend, room, what, now);
}

void muc_follow_participant(struct resource *to, const struct event_participant *what)
{
	struct xmpp_room *room = muc_find(to, what->room);
	bool refused = join_error(what->flags) != NULL;
	if (!room)
		return;
	if (refused && !what->self) {
		MEM_FREE(room->wanted);
	} else if (what->self && (refused || (what->status == STATUS_OFFLINE && !what->new_nickname))) {
		muc_close(to, what->room);
	} else if (what->self) {
		mem_replace(&room->nickname, what->new_nickname ? what->new_nickname : what->nickname);
		MEM_FREE(room->wanted);
		room->joined = true;
	}
}

void muc_show_left(struct xmpp_frontend *frontend, const struct xmpp_room *room)
{
	struct muc_presence presence = {.type = "unavailable", .nickname = room->nickname, .nobody = true};
	add_code(&presence, CODE_SELF);
	send_presence(frontend, room, &presence);
}

static void show_removed(struct xmpp_frontend *frontend, const struct xmpp_room *room, const char *reason)
{
	struct muc_presence presence = {.type = "unavailable", .nickname = room->nickname, .nobody = true};
	presence.reason = reason;
	presence.status_text = reason;
	add_code(&presence, CODE_SELF);
	add_code(&presence, CODE_KICKED);
	add_code(&presence, frontend->stopping ? CODE_SHUTDOWN : CODE_TECHNICAL);
	if (frontend->stopping)
		presence.actor = "Transport";
	send_presence(frontend, room, &presence);
}

void muc_show_leave(struct xmpp_frontend *frontend, struct resource *to, const struct event_room *leave)
{
	struct xmpp_room *room = muc_find(to, leave->name);
	if (!room)
		return;
	if (!room->joined && leave->reason)
		send_join_error(frontend, room, room->nickname, &ERROR_UNAVAILABLE, leave->reason);
	else if (leave->reason)
		show_removed(frontend, room, leave->reason);
	else
		muc_show_left(frontend, room);
	muc_close(to, leave->name);
}

void muc_refuse_rooms(struct xmpp_frontend *frontend, struct resource *resource,
                      const struct stanza_error *error, const char *text)
{
	struct map_iter it = {0};
	while (map_next(resource_state(resource)->rooms, &it))
		send_join_error(frontend, it.value, ((struct xmpp_room *)it.value)->nickname, error, text);
	muc_forget_rooms(frontend, resource);
}

void muc_forget_rooms(struct xmpp_frontend *frontend, struct resource *resource)
{
	(void)frontend;
	struct xmpp_resource *state = resource_state(resource);
	map_destroy(&state->rooms, muc_room_destroy);
}

void muc_shut_down(struct xmpp_frontend *frontend, struct resource *resource)
{
	struct map_iter it = {0};
	while (map_next(resource_state(resource)->rooms, &it))
		show_removed(frontend, it.value, "The gateway is being shut down.");
	muc_forget_rooms(frontend, resource);
}

static const char *shown_in(const struct resource *to, const char *name, const char *nickname)
{
	const struct room *live = nickname && nickname[0] ? muc_live_room(to, name) : NULL;
	const struct participant *participant = live ? map_get(live->participants, nickname) : NULL;
	return participant && participant->alias && participant->alias[0] ? participant->alias : nickname;
}

static void send_subject(struct xmpp_frontend *frontend, struct xmpp_room *room, const char *from,
                         const struct event_message *subject)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "type", "groupchat");
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", room->to);
	xml_attr(writer, "id", subject ? subject->id : NULL);
	xml_start(writer, "subject");
	xml_text(writer, subject ? subject->text : NULL);
	xml_end(writer);
	if (subject)
		write_delay(frontend, writer, subject->stamp_ms);
	xml_end(writer);
	xmpp_end(frontend, room->to);
	list_remove(&room->due_link);
	room->has_subject = true;
}

void muc_show_subject(struct xmpp_frontend *frontend, struct resource *to,
                      const struct event_message *subject)
{
	struct xmpp_room *room = muc_find(to, subject->name);
	if (!room)
		return;
	struct buf from = {0};
	room_jid(frontend, room, shown_in(to, subject->name, subject->nickname), &from);
	send_subject(frontend, room, buf_text(&from), subject);
	buf_finish(&from);
}

/* Clients wait for a subject as the end of the join, also where the network has none. */
void muc_subjects_tick(struct xmpp_frontend *frontend)
{
	uint64_t now = clock_ms();
	LIST_EACH(link, &frontend->subjects_due)
	{
		struct xmpp_room *room = CONTAINER_OF(link, struct xmpp_room, due_link);
		if (room->due > now)
			return;
		struct buf from = {0};
		room_jid(frontend, room, NULL, &from);
		send_subject(frontend, room, buf_text(&from), NULL);
		buf_finish(&from);
	}
}

void muc_invite(struct xmpp_frontend *frontend, const char *address, const char *resource, const char *name,
                const char *password)
{
	struct buf jid = {0}, to = {0};
	buf_printf(&to, "%s%s%s", address, resource && resource[0] ? "/" : "", resource ? resource : "");
	if (address_room(frontend, &jid, name)) {
		struct xml_writer *writer = xmpp_begin(frontend);
		xml_start(writer, "message");
		xml_attr(writer, "from", frontend->gateway);
		xml_attr(writer, "to", buf_text(&to));
		xml_start_ns(writer, "x", "jabber:x:conference");
		xml_attr(writer, "jid", buf_text(&jid));
		xml_attr(writer, "password", password);
		xml_end(writer);
		xml_end(writer);
		xmpp_end(frontend, buf_text(&to));
	}
	buf_finish(&jid);
	buf_finish(&to);
}

void muc_show_read_marker(struct xmpp_frontend *frontend, struct resource *to,
                          const struct event_read_marker *marker)
{
	struct xmpp_room *room = muc_find(to, marker->name);
	if (!room || !marker->nickname)
		return;
	struct buf from = {0};
	room_jid(frontend, room, shown_in(to, marker->name, marker->nickname), &from);
	message_write_read_marker(xmpp_begin(frontend), buf_text(&from), room->to, "groupchat",
	                          marker->message_id);
	xmpp_end(frontend, room->to);
	buf_finish(&from);
}

void muc_show_chat_state(struct xmpp_frontend *frontend, struct resource *to,
                         const struct event_chat_state *state)
{
	struct xmpp_room *room = muc_find(to, state->name);
	if (!room)
		return;
	struct buf from = {0};
	room_jid(frontend, room, shown_in(to, state->name, state->nickname), &from);
	message_write_chat_state(xmpp_begin(frontend), buf_text(&from), room->to, "groupchat", state->state);
	xmpp_end(frontend, room->to);
	buf_finish(&from);
}

static void send_avatar(struct xmpp_frontend *frontend, const struct xmpp_room *room, const char *from,
                        const char *icon_hash)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", room->to);
	write_photo(writer, icon_hash);
	xml_end(writer);
	xmpp_end(frontend, room->to);
}

static void send_changed(struct xmpp_frontend *frontend, const struct xmpp_room *room, const char *from)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "type", "groupchat");
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", room->to);
	xml_start_ns(writer, "x", NS_MUC_USER);
	xml_start(writer, "status");
	xml_attr_int(writer, "code", CODE_CONFIGURED);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
	xmpp_end(frontend, room->to);
}

void muc_show_info(struct xmpp_frontend *frontend, struct resource *to, const struct event_room_info *info)
{
	struct xmpp_room *room = muc_find(to, info->room);
	if (!room)
		return;
	struct buf from = {0};
	room_jid(frontend, room, NULL, &from);
	if (room->has_info)
		send_changed(frontend, room, buf_text(&from));
	if (info->icon_hash)
		send_avatar(frontend, room, buf_text(&from), info->icon_hash);
	room->has_info = true;
	buf_finish(&from);
}

void muc_show_message(struct xmpp_frontend *frontend, struct resource *to,
                      const struct event_message *message)
{
	struct xmpp_room *room = muc_find(to, message->name);
	if (!room)
		return;
	struct buf from = {0};
	room_jid(frontend, room, shown_in(to, message->name, message->nickname), &from);
	message_send(frontend, buf_text(&from), room->to,
	             message->kind == MESSAGE_ROOM ? "groupchat" : "chat", message);
	buf_finish(&from);
}
