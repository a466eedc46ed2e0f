/* SPDX-License-Identifier: MIT */
/* Who of the network is typing, and what they have read. */
#include "frontends/matrix/messages/show.h"

#include <stdio.h>

#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/rooms/matrix_room.h"
#include "transport/people/session.h"
#include "transport/rooms/portal.h"

#define TYPING_MS 30000 /* then a client stops showing it by itself */

static void tell_typing(struct matrix_frontend *frontend, const struct matrix_room *room, const char *ghost,
                        enum chat_state state)
{
	char body[64], *path = matrix_path("/rooms/%s/typing/%s", room->id, ghost);

	if (state == CHAT_STATE_COMPOSING)
		snprintf(body, sizeof(body), "{\"typing\":true,\"timeout\":%d}", TYPING_MS);
	else
		snprintf(body, sizeof(body), "{\"typing\":false}");
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_PUT,
	                                                            .path = path,
	                                                            .as = ghost,
	                                                            .body = body,
	                                                            .lane = room->id,
	                                                            .once = true});
	mem_free(path);
}

struct typing {
	const char *ghost;
	enum chat_state state;
};

static void type_in_portal(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct typing *typing = context;

	if (matrix_room_has(room, typing->ghost))
		tell_typing(frontend, room, typing->ghost, typing->state);
}

/* As the listener has it, or it would come once for each of the portal's people; and of nobody of theirs. */
static void show_typing_in_portal(struct matrix_frontend *frontend, const struct identity *to,
                                  const struct event_chat_state *state)
{
	struct typing typing = {.state = state->state};
	char *ghost;

	if (!portal_is_listener(to, state->name) ||
	    portal_has_nickname(&frontend->base, state->name, state->nickname))
		return;
	ghost = ghost_of_participant(frontend, state->name, state->nickname);
	typing.ghost = ghost;
	matrix_room_each_portal(frontend, state->name, type_in_portal, &typing);
	mem_free(ghost);
}

void show_chat_state(struct matrix_frontend *frontend, struct identity *to,
                     const struct event_chat_state *state)
{
	const struct matrix_room *room;
	char *ghost;

	if (state->nickname) {
		show_typing_in_portal(frontend, to, state);
		return;
	}
	room = matrix_room_chat(frontend, to->address, state->name);
	if (!room)
		return;
	ghost = ghost_of_chat(frontend, room);
	tell_typing(frontend, room, ghost, state->state);
	mem_free(ghost);
}

static void mark_read(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost,
                      const char *event_id)
{
	if (event_id && matrix_is_event_id(event_id) && matrix_room_has(room, ghost))
		matrix_tell(frontend, HTTP_POST,
		            matrix_path("/rooms/%s/receipt/m.read/%s", room->id, event_id), ghost, NULL,
		            room->id);
}

void show_read_marker(struct matrix_frontend *frontend, struct identity *to,
                      const struct event_read_marker *marker)
{
	struct matrix_room *room = marker->nickname ? matrix_room_portal(frontend, marker->name)
	                                            : matrix_room_chat(frontend, to->address, marker->name);

	if (!room)
		return;
	char *ghost = marker->nickname ? ghost_of_participant(frontend, marker->name, marker->nickname)
	                               : ghost_of_chat(frontend, room);

	mark_read(frontend, room, ghost, marker->message_id);
	mem_free(ghost);
}
