/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/stream/stanza_write.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

#define GONE "<presence type='unavailable'/>"

/* The sender as one of our addresses; a room in the form by which the client joined it. False: it cannot be
 * one. */
static bool sender(struct xmpp_frontend *frontend, const struct user *user, struct resource *to,
                   const struct event_raw *raw, struct buf *out)
{
	const struct xmpp_room *room = muc_find(to, raw->name);
	bool fine = true;
	if (room)
		buf_printf(out, "%s@%s", room->node, frontend->gateway);
	else if (user && room_find(user, raw->name))
		fine = address_room(frontend, out, raw->name);
	else
		fine = address_contact(frontend, out, raw->name);
	address_append_resource(out, raw->resource);
	return fine;
}

static void send_text(struct xmpp_frontend *frontend, const char *from, const char *to, const char *text,
                      size_t length)
{
	xmpp_begin(frontend);
	stanza_address(&frontend->scratch, text, length, from, to);
	xmpp_end(frontend, to);
}

void raw_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
              const struct event *event)
{
	struct buf from = {0}, target = {0};
	address_of_target(to, only, &target);
	if (sender(frontend, to->user, only, event->raw, &from))
		send_text(frontend, buf_text(&from), buf_text(&target), event->raw->bytes,
		          event->raw->length);
	else
		log_debug(&frontend->base.log, "%s cannot be a JID", log_quote(event->raw->name));
	buf_finish(&from);
	buf_finish(&target);
}

void raw_show_in_room(struct xmpp_frontend *frontend, struct resource *to, const struct event *event)
{
	bool participant = event->type == EVENT_PARTICIPANT;
	if (!muc_find(to, event->raw->name)) {
		if (!participant)
			return;
		muc_open(frontend, to, event->participant.room, NULL); /* joined by a command */
	}
	raw_show(frontend, to->identity, to, event);
	if (participant)
		muc_follow_participant(to, &event->participant);
}

/* One of several identities of an account gets what is for no client in particular. */
static bool is_first(const struct identity *identity)
{
	LIST_EACH(link, &identity->user->identities)
	{
		const struct identity *one = CONTAINER_OF(link, struct identity, link);
		if (one->frontend == identity->frontend)
			return one == identity;
	}
	return true;
}

static void show_query(struct xmpp_frontend *frontend, struct identity *to, const struct event *event)
{
	const struct event_raw *raw = event->raw;
	struct raw_query *query = raw->answer && raw->id ? raw_query_find(frontend, to, raw->id) : NULL;
	if (query && strcmp(query->address, to->address) != 0)
		return;
	if (!query) {
		struct resource *best = is_first(to) ? identity_best_resource(to) : NULL;
		if (best)
			raw_show(frontend, to, best, event);
		return;
	}
	struct resource *resource =
	        session_find(frontend->base.transport, &frontend->base, query->address, query->resource);
	if (resource) {
		/* From whom it was asked, whoever answers. */
		struct buf target = {0};
		address_of_resource(resource, &target);
		send_text(frontend, query->asked, buf_text(&target), raw->bytes, raw->length);
		buf_finish(&target);
	}
	raw_query_close(frontend, query);
}

void raw_show_other(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                    const struct event *event)
{
	if (event->raw->kind == RAW_QUERY)
		show_query(frontend, to, event);
	else if (only && muc_find(only, event->raw->name))
		raw_show_in_room(frontend, only, event);
	else
		raw_show(frontend, to, only, event);
}

static void show_known(struct xmpp_frontend *frontend, const char *to, const char *name,
                       const struct map *presences, bool offline)
{
	struct map_iter it = {0};
	struct buf from = {0};
	while (map_next(presences, &it)) {
		const char *text = offline ? GONE : it.value;
		buf_clear(&from);
		if (!address_contact(frontend, &from, name))
			break;
		address_append_resource(&from, it.key);
		send_text(frontend, buf_text(&from), to, text, strlen(text));
	}
	buf_finish(&from);
}

void raw_answer_probe(struct xmpp_frontend *frontend, const struct identity *identity, const char *to,
                      const char *name)
{
	const struct map *presences = identity ? raw_contact_presences(identity, name) : NULL;
	struct buf from = {0};
	if (presences && map_count(presences))
		show_known(frontend, to, name, presences, false);
	else if (address_contact(frontend, &from, name))
		send_text(frontend, buf_text(&from), to, GONE, strlen(GONE));
	buf_finish(&from);
}

static void show_contact_to(struct xmpp_frontend *frontend, struct resource *to, const struct event *event,
                            bool replay)
{
	const struct event_contact *contact = &event->contact;
	bool offline = contact->status == STATUS_OFFLINE;
	if (event->raw) {
		raw_show(frontend, to->identity, to, event);
		return;
	}
	const struct map *presences = raw_contact_presences(to->identity, contact->name);
	if (!presences || (!replay && !offline))
		return;
	struct buf target = {0};
	address_of_resource(to, &target);
	show_known(frontend, buf_text(&target), contact->name, presences, offline);
	buf_finish(&target);
}

void raw_show_contact(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                      const struct event *event)
{
	if (only) {
		show_contact_to(frontend, only, event, true);
		return;
	}
	LIST_EACH(link, &to->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (resource->has_presence)
			show_contact_to(frontend, resource, event, false);
	}
}
