/* SPDX-License-Identifier: MIT */
/* Workspaces, and the rooms of the network that their channels are tied to: of frontends that have such (Slack). */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "transport/admin/admin_call.h"
#include "transport/frontend.h"
#include "transport/transport.h"

struct showing {
	const struct frontend *frontend;
	struct table *table;
};

static void put_workspace(void *context, const struct frontend_workspace *workspace)
{
	const struct showing *showing = context;
	struct table *table = showing->table;

	table_put_text(table, workspace->id);
	table_put_text(table, *workspace->name ? workspace->name : NULL);
	table_put_text(table, workspace->state);
	table_put_number(table, (int64_t)workspace->waiting);
	table_put_number(table, showing->frontend->ghosts);
}

/* The next one behind `frontend` (NULL: the first) that has workspaces and serves them; NULL. */
static struct frontend *next_with_workspaces(const struct transport *transport, const struct frontend *frontend)
{
	const struct list *end = &transport->frontends;

	for (const struct list *link = frontend ? frontend->link.next : end->next; link != end; link = link->next) {
		struct frontend *next = CONTAINER_OF(link, struct frontend, link);

		if (next->ops->workspaces && transport->frontends_started)
			return next;
	}
	return NULL;
}

void admin_show_workspaces(struct admin_call *call)
{
	static const struct table_column columns[] = {
		{"workspace", TABLE_TEXT},
		{"name", TABLE_TEXT, .rank = 1},
		{"state", TABLE_TEXT},
		{"waiting", TABLE_NUMBER, .rank = 2},
		{"ghost sockets", TABLE_NUMBER, .rank = 3}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct frontend *frontend = NULL;

	while ((frontend = next_with_workspaces(call->transport, frontend)))
		frontend->ops->workspaces(frontend, put_workspace, &(struct showing){frontend, table});
	admin_answer_table(call, &table);
}

static void end_workspace(struct admin_call *call, bool remove)
{
	struct frontend *frontend = NULL;
	struct buf said = {0};
	int err = TP_ERR_NOT_FOUND;

	while (err && (frontend = next_with_workspaces(call->transport, frontend)))
		err = frontend->ops->workspace_stop(frontend, call->words[0], remove);
	if (err) {
		admin_answer_error(call, "%s is no workspace that is served", call->words[0]);
		return;
	}
	buf_printf(&said, remove ? "%s is removed. If its token is in the configuration, take it out there."
				 : "%s is stopped until the next start.",
		   call->words[0]);
	admin_answer_buf(call, &said);
}

void admin_workspace_stop(struct admin_call *call)
{
	end_workspace(call, false);
}

void admin_workspace_remove(struct admin_call *call)
{
	end_workspace(call, true);
}

/* ------------------------------------------------------------------------------------- commands of Spectrum's */

void admin_get_oauth2_url(struct admin_call *call)
{
	struct frontend *frontend = NULL;
	struct buf url = {0};

	while (!url.len && (frontend = next_with_workspaces(call->transport, frontend)))
		frontend->ops->install_url(frontend, &url);
	if (url.len)
		admin_answer_buf(call, &url);
	else
		admin_answer_error(call, "There is no page that installs the app: it needs slack.client_id, "
					 "slack.client_secret and slack.public_url");
}

void admin_set_oauth2_code(struct admin_call *call)
{
	admin_answer_error(call, "The browser itself brings the code here, from the page that get_oauth2_url names");
}

static void put_tie(void *context, const struct frontend_tie *tie)
{
	struct table *table = context;

	table_put_text(table, tie->place);
	table_put_text(table, *tie->name ? tie->name : NULL);
	table_put_text(table, tie->room);
	table_put_text(table, tie->closed ? "archived" : "tied");
}

static void answer_no_workspace(struct admin_call *call)
{
	if (next_with_workspaces(call->transport, NULL))
		admin_answer_error(call, "%s is no workspace that is served, and nobody in one: workspaces has them",
				   call->words[0]);
	else
		admin_answer_error(call, "%s is about Slack, which this instance does not serve: rooms shows who is in which",
				   call->entry->name);
}

void admin_list_rooms(struct admin_call *call)
{
	static const struct table_column columns[] = {
		{"channel", TABLE_TEXT}, {"name", TABLE_TEXT, .rank = 1}, {"room", TABLE_TEXT}, {"state", TABLE_TEXT}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct frontend *frontend = NULL;
	int err = TP_ERR_NOT_FOUND;

	while (err && (frontend = next_with_workspaces(call->transport, frontend)))
		err = frontend->ops->ties(frontend, call->words[0], put_tie, table);
	if (!err) {
		admin_answer_table(call, &table);
		return;
	}
	table_destroy(&table);
	answer_no_workspace(call);
}

/* `room` NULL: no more. */
static int tie(struct admin_call *call, const char *place, const char *room)
{
	struct frontend *frontend = NULL;
	int err = TP_ERR_NOT_FOUND;

	while (err == TP_ERR_NOT_FOUND && (frontend = next_with_workspaces(call->transport, frontend)))
		err = frontend->ops->tie(frontend, call->words[0], place, room);
	return err;
}

void admin_join_room(struct admin_call *call)
{
	const char *name = call->words[2], *server = call->words[3], *place = call->words[4];
	char *room = strcmp(server, "-") ? mem_printf("%s@%s", name, server) : mem_strdup(name);
	int err = tie(call, place, room);
	struct buf said = {0};

	switch (err) {
	case 0:
		buf_printf(&said, "%s is tied to %s as soon as the app is in it: list_rooms shows it.", place, room);
		admin_answer_buf(call, &said);
		break;
	case TP_ERR_NOT_FOUND:
		answer_no_workspace(call);
		break;
	case TP_ERR_EXISTS:
		admin_answer_error(call, "%s is tied to a room already: leave_room unties it", place);
		break;
	default:
		admin_answer_error(call, "%s is no id of a channel (C0123ABC, in the channel's details), or %s no room", place,
				   room);
		break;
	}
	mem_free(room);
}

void admin_leave_room(struct admin_call *call)
{
	int err = tie(call, call->words[1], NULL);
	struct buf said = {0};

	if (err == TP_ERR_NOT_FOUND) {
		answer_no_workspace(call);
	} else if (err) {
		admin_answer_error(call, "%s is tied to nothing: list_rooms shows those that are", call->words[1]);
	} else {
		buf_printf(&said, "%s is not tied any more.", call->words[1]);
		admin_answer_buf(call, &said);
	}
}
