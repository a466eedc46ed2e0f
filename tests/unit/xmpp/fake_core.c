/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/command/command.h"
#include "transport/people/account.h"
#include "transport/people/login_step.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery.h"

int router_result;
bool account_exists;
int account_result;
unsigned attached_limit = 10;

struct identity *session_find_identity(struct transport *core, const struct frontend *base,
                                       const char *address)
{
	(void)base;
	return map_get(core->identities, address);
}

struct resource *session_find(struct transport *core, const struct frontend *base, const char *address,
                              const char *name)
{
	struct identity *identity = session_find_identity(core, base, address);

	if (!identity)
		return NULL;
	LIST_EACH(link, &identity->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);

		if (!strcmp(resource->name, name))
			return resource;
	}
	return NULL;
}

struct resource *session_attach(struct frontend *base, const char *address, const char *name,
                                const char *hint)
{
	struct resource *resource = session_find(base->transport, base, address, name);

	if (resource)
		return resource;
	if (attached_limit == 0)
		return NULL;
	buf_printf(&told, "ATTACH %s/%s hint=%s\n", address, name, hint ? hint : "");
	struct identity *identity = session_find_identity(base->transport, base, address);

	if (!identity) {
		identity = MEM_NEW_TEXT(struct identity, address, address);
		identity->frontend = base;
		list_init(&identity->link);
		list_init(&identity->resources);
		list_init(&identity->joins);
		map_put(base->transport->identities, address, identity);
	}
	resource = MEM_NEW_TEXT(struct resource, name, name);
	resource->identity = identity;
	list_append(&identity->resources, &resource->link);
	return resource;
}

void session_presence(struct resource *resource, enum status status, const char *text, int priority)
{
	resource->has_presence = true;
	resource->status = status;
	resource->priority = priority;
	mem_replace(&resource->status_text, text);
	buf_printf(&told, "PRESENCE %s/%s %d %s %d\n", resource->identity->address, resource->name,
	           (int)status, text ? text : "", priority);
}

void session_detach(struct resource *resource)
{
	struct identity *identity = resource->identity;
	struct frontend *base = identity->frontend;

	buf_printf(&told, "DETACH %s/%s\n", identity->address, resource->name);
	base->ops->resource_gone(base, resource);
	list_remove(&resource->link);
	mem_free(resource->status_text);
	mem_free(resource);
	if (!list_empty(&identity->resources))
		return;
	base->ops->identity_gone(base, identity);
	list_remove(&identity->link);
	map_remove(base->transport->identities, identity->address);
	mem_free(identity);
}

void session_detach_all(struct frontend *base, const char *address)
{
	struct identity *identity;

	while ((identity = session_find_identity(base->transport, base, address)) != NULL)
		session_detach(CONTAINER_OF(identity->resources.next, struct resource, link));
}

static void record_message(const struct event *event)
{
	const struct event_message *message = &event->message;

	buf_printf(&told, "%s kind=%d name=%s nick=%s text=%s id=%s", event_type_name(event->type),
	           (int)message->kind, message->name, message->nickname ? message->nickname : "",
	           message->text ? message->text : "", message->id ? message->id : "");
	if (message->moderation.action)
		buf_printf(&told, " %s role=%d", event_moderation_name(message->moderation.action),
		           (int)message->moderation.role);
	if (message->change.title)
		buf_printf(&told, " title=%s", message->change.title);
	if (message->change.has_picture)
		buf_printf(&told, " picture=%zu", message->change.picture_size);
	if (message->xhtml)
		buf_printf(&told, " xhtml=%s", message->xhtml);
	if (message->replaces)
		buf_printf(&told, " replaces=%s", message->replaces);
	if (message->retracts)
		buf_printf(&told, " retracts=%s", message->retracts);
	if (message->reply_to)
		buf_printf(&told, " reply-to=%s '%s' by %s", message->reply_to,
		           message->reply_text ? message->reply_text : "",
		           message->reply_author ? message->reply_author : "");
	if (message->reacts_to)
		buf_printf(&told, " reacts-to=%s", message->reacts_to);
	for (size_t i = 0; i < message->reactions_count; i++)
		buf_printf(&told, " [%s]", message->reactions[i]);
	if (message->thread)
		buf_printf(&told, " thread=%s", message->thread);
	if (message->receipt)
		buf_puts(&told, " receipt");
	buf_putc(&told, '\n');
}

int router_from_frontend(struct resource *from, const struct event *event)
{
	(void)from;
	if (event->raw)
		buf_printf(&told, "raw %s/%s %.*s\n", event->raw->name,
		           event->raw->resource ? event->raw->resource : "", (int)event->raw->length,
		           event->raw->bytes);
	switch (event->type) {
	case EVENT_RAW_XML:
		break;
	case EVENT_MESSAGE:
	case EVENT_SUBJECT:
	case EVENT_MODERATION:
	case EVENT_ROOM_CHANGE:
	case EVENT_ATTENTION:
		record_message(event);
		break;
	case EVENT_ROOM_JOIN:
	case EVENT_ROOM_LEAVE:
		buf_printf(&told, "%s room=%s nick=%s password=%s\n", event_type_name(event->type),
		           event->room.name, event->room.nickname,
		           event->room.password ? event->room.password : "");
		break;
	case EVENT_CONTACT:
	case EVENT_CONTACT_REMOVED:
		buf_printf(&told, "%s name=%s alias=%s groups=%zu\n", event_type_name(event->type),
		           event->contact.name, event->contact.alias ? event->contact.alias : "",
		           event->contact.groups_count);
		break;
	case EVENT_READ_MARKER:
		buf_printf(&told, "read marker name=%s id=%s\n", event->read_marker.name,
		           event->read_marker.message_id);
		break;
	case EVENT_CHAT_STATE:
		buf_printf(&told, "chat state name=%s %d\n", event->chat_state.name,
		           (int)event->chat_state.state);
		break;
	default:
		buf_printf(&told, "%s name=%s id=%u\n", event_type_name(event->type), event->vcard.name,
		           (unsigned)event->vcard.id);
		break;
	}
	return router_result;
}

static room_bans_done *bans_done; /* of who waits for an answer; NULL: nobody */
static void *bans_context;

int room_bans_ask(struct room *room, room_bans_done *done, void *context)
{
	buf_printf(&told, "bans of %s\n", room->name);
	if (router_result)
		return router_result;
	if (bans_done)
		return TP_ERR_LIMIT;
	bans_done = done;
	bans_context = context;
	return 0;
}

void answer_bans(int err, const char *reason, const struct room_bans *list)
{
	room_bans_done *done = bans_done;

	bans_done = NULL;
	if (done)
		done(bans_context, err, reason, list);
}

void room_bans_describe(struct buf *out, const struct event_ban *ban)
{
	buf_printf(out, "described %s", ban->mask);
}

struct room *room_find(const struct user *user, const char *name)
{
	char *key = mem_strdup(name);

	text_lower(key);
	struct room *room = map_get(user->rooms, key);

	mem_free(key);
	return room;
}

bool room_has(const struct room *room, const struct resource *resource)
{
	(void)room;
	(void)resource;
	return true;
}

void room_replay(struct room *room, struct resource *to)
{
	(void)to;
	buf_printf(&told, "REPLAY %s\n", room->name);
}

struct contact *roster_find(const struct roster *roster, const char *name)
{
	return contacts_find(roster->contacts, name);
}

bool user_setting_bool(const struct user *user, const char *name, bool fallback)
{
	const char *value = map_get(user->settings, name);

	return value ? !strcmp(value, "1") : fallback;
}

void user_set_setting(struct user *user, const char *name, const char *value)
{
	mem_free(map_put(user->settings, name, mem_strdup(value)));
}

void store_find_account(struct store *store, const char *kind, const char *address, store_account_done *done,
                        void *context)
{
	struct contacts *contacts = NULL;
	bool is_new;
	const struct store_account account = {.key = address,
	                                      .legacy_name = "legacy",
	                                      .password = "",
	                                      .contacts = &contacts};

	(void)store;
	(void)kind;
	contacts_add(&contacts, "bob@net", NULL, &is_new);
	done(context, account_exists ? 0 : TP_ERR_NOT_FOUND, account_exists ? &account : NULL);
	contacts_destroy(&contacts, NULL);
}

void transport_hold(struct frontend *base, bool hold)
{
	(void)base;
	(void)hold;
}

bool account_needs_password(const struct transport *core)
{
	return core->features.need_password;
}

void account_register(struct transport *core, struct frontend *base, const char *address,
                      const char *legacy_name, const char *password, const char *language, bool by_admin,
                      account_done *done, void *context)
{
	(void)core;
	(void)base;
	buf_printf(&told, "REGISTER %s %s %s %s %d\n", address, legacy_name, password, language,
	           (int)by_admin);
	done(context, account_result, "A sentence.");
}

void account_unregister(struct transport *core, struct frontend *base, const char *address,
                        account_done *done, void *context)
{
	(void)core;
	buf_printf(&told, "UNREGISTER %s\n", address);
	if (account_result == 0)
		base->ops->registered(base, address, false);
	done(context, account_result, "A sentence.");
}

static const struct command_field fields[] = {{"room", "Room", FIELD_TEXT, true},
                                              {"secret", "Secret", FIELD_SECRET, false}};
static const struct command_field answer_fields[] = {{"answer", "Answer", FIELD_SECRET, true}};
static const struct command commands[] = {
        {.name = "login", .title = "Log in", .help = "Logs in.", .dialogue = true},
        {.name = "answer", .title = "Answer", .help = "Answers.", .fields = answer_fields, .fields_count = 1},
        {.name = "cancel", .title = "Cancel", .help = "Cancels."},
        {.name = "logout", .title = "Log out", .help = "Logs out."},
        {.name = "join", .title = "Join", .help = "Joins.", .fields = fields, .fields_count = 2},
        {.name = "reload", .title = "Reload", .help = "Reloads.", .role = ROLE_ADMIN},
};

const struct command *command_at(size_t index)
{
	return index < ARRAY_SIZE(commands) ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

bool command_allowed(const struct transport *core, const struct command *command, const struct frontend *base,
                     const char *address)
{
	(void)core;
	(void)base;
	(void)address;
	return command->role != ROLE_ADMIN;
}

void command_prefill(struct transport *core, struct frontend *base, const char *address,
                     const struct command *command, struct map *values)
{
	(void)core;
	(void)base;
	(void)address;
	(void)command;
	mem_free(map_put(values, "room", mem_strdup("#default")));
}

void command_run(struct transport *core, struct frontend *base, const char *address, const char *resource,
                 const struct command *command, struct map *values, command_done *done, void *context)
{
	const char *room = map_get(values, "room");
	struct buf problem = {0};
	int err = 0;

	(void)core;
	(void)base;
	if (!strcmp(command->name, "answer")) {
		err = login_step_answer(fake_user(), map_get(values, "answer"), &problem);
		done(context, err, buf_text(&problem));
		buf_finish(&problem);
		return;
	}
	if (!strcmp(command->name, "cancel") && login_step_give_up(fake_user())) {
		done(context, 0, "The login is given up.");
		return;
	}
	buf_printf(&told, "RUN %s %s/%s room=%s\n", command->name, address, resource, room ? room : "");
	done(context, 0, "Done as asked.");
}

struct command_asked command_asked(struct transport *core, const struct frontend *base, const char *address)
{
	(void)core;
	(void)base;
	(void)address;
	return (struct command_asked){0};
}

void command_run_line(struct transport *core, struct frontend *base, const char *address,
                      const char *resource, const char *line, bool asks, command_done *done, void *context)
{
	(void)asks;
	(void)core;
	(void)base;
	buf_printf(&told, "LINE %s/%s %s\n", address, resource, line);
	done(context, 0, "An answer.");
}

void delivery_frontend_ready(struct frontend *base)
{
	(void)base;
}

void delivery_identity_ready(struct identity *identity)
{
	(void)identity;
}

/* What login_step.c needs. */

void router_deliver(struct user *user, struct resource *only, const struct event *event)
{
	(void)user;
	deliver(only, event);
}

int user_send(struct user *user, struct event *event)
{
	(void)user;
	assert_int_equal(event->type, EVENT_LOGIN_ANSWER);
	buf_printf(&told, "ANSWER %u %s\n", event->login_answer.step,
	           event->login_answer.value ? event->login_answer.value : "(gives up)");
	return 0;
}

void user_end_login(struct user *user, const char *text)
{
	login_step_clear(user, false);
	user->state = USER_IDLE;
	mem_replace(&user->last_error_text, text);
	fake_session(SESSION_FAILED, CONNECTION_ERROR_AUTHENTICATION_FAILED, text);
}

void user_login(struct user *user)
{
	user->state = USER_CONNECTING;
}

struct user *user_find(const struct transport *core, const char *key)
{
	(void)core;
	(void)key;
	return fake_user();
}

bool session_authentication_asked(struct user *user, bool has_to_act)
{
	(void)user;
	(void)has_to_act;
	return true;
}
