/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_presence.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_handlers.h"
#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "plugin/plugin.h"

#define NAMES_BYTES 400  /* of one line: the answer repeats them behind a longer head */
#define ANSWER_MS 120000 /* the question may wait in the queue; then it is taken as lost */

struct irc_contact {
	char *name; /* as the gateway spells it */
	char *nick;
	struct irc_server server; /* of several networks */
	bool online;              /* as the gateway was told */
	bool monitored;
	bool asked;     /* in the question under way */
	unsigned round; /* in which it was asked about last */
};

struct irc_contacts {
	struct map *by_name; /* in lower case -> struct irc_contact */
};

struct irc_watch {
	size_t monitored;
	unsigned round;
	uint64_t asked_at; /* 0: no question is under way */
	uint64_t next_at;  /* when the next round begins */
};

static void contact_free(void *value)
{
	struct irc_contact *contact = value;

	mem_free(contact->name);
	mem_free(contact->nick);
	mem_free(contact);
}

void irc_contacts_destroy(struct irc_contacts **contacts)
{
	if (!*contacts)
		return;
	map_destroy(&(*contacts)->by_name, contact_free);
	MEM_FREE(*contacts);
}

static char *key_of(const char *name)
{
	char *key = mem_strdup(name);

	text_lower(key);
	return key;
}

/* NULL: nobody on IRC has such a name. */
static struct irc_contact *contact_create(const struct irc *irc, const char *name)
{
	struct irc_contact *contact = MEM_NEW(struct irc_contact);
	struct buf local = {0};
	const char *server = irc_one_network(irc) ? NULL : irc_name_split(name, &local);
	bool good = true;

	if (irc_one_network(irc))
		buf_puts(&local, name);
	else
		good = server && irc_server_parse(&contact->server, server, irc->tls_mode) == 0;
	contact->name = mem_strdup(name);
	contact->nick = mem_strdup(buf_text(&local));
	buf_finish(&local);
	/* What separates nicknames in a MONITOR line is in none. */
	if (good && irc_nick_is_valid(contact->nick) && !strchr(contact->nick, ','))
		return contact;
	contact_free(contact);
	return NULL;
}

static bool is_on(const struct irc_contact *contact, const struct irc_connection *connection)
{
	return irc_one_network(connection->user->irc) ||
	       irc_server_equal(&contact->server, &connection->server);
}

static void tell(struct irc_user *user, struct irc_contact *contact, bool online)
{
	if (contact->online == online)
		return;
	contact->online = online;
	if (!user->leaving)
		plug_contact(user->irc->plug, user->key,
		             &(struct event_contact){.name = contact->name,
		                                     .status = online ? STATUS_ONLINE : STATUS_OFFLINE});
}

/* Whether MONITOR may be told of one more. */
static bool has_room(const struct irc_connection *connection)
{
	const struct irc_isupport *support = &connection->support;

	return support->monitor &&
	       (!support->monitor_limit || connection->watch->monitored < support->monitor_limit);
}

static void monitor(struct irc_connection *connection, const char *sign, const char *nicks)
{
	/* Commas keep it from being a parameter in the middle. */
	irc_send(connection, "MONITOR", sign, nicks);
}

static void watch_one(struct irc_connection *connection, struct irc_contact *contact)
{
	if (has_room(connection)) {
		contact->monitored = true;
		connection->watch->monitored++;
		monitor(connection, "+", contact->nick);
	} else {
		connection->watch->next_at = 0;
	}
}

static void forget_one(struct irc_connection *connection, struct irc_contact *contact)
{
	if (!contact->monitored || !connection->watch)
		return;
	contact->monitored = false;
	connection->watch->monitored--;
	monitor(connection, "-", contact->nick);
}

/* The connection on which it is, if it is ready. */
static struct irc_connection *connection_of(const struct irc_user *user, const struct irc_contact *contact)
{
	LIST_EACH(link, &user->connections)
	{
		struct irc_connection *connection = CONTAINER_OF(link, struct irc_connection, link);

		if (is_on(contact, connection))
			return connection->watch ? connection : NULL;
	}
	return NULL;
}

static struct irc_contact *add(struct irc_user *user, const char *name)
{
	char *key = key_of(name);
	struct irc_contact *contact = NULL;

	if (!user->contacts) {
		user->contacts = MEM_NEW(struct irc_contacts);
		user->contacts->by_name = map_create();
	}
	if (map_count(user->contacts->by_name) < LIMIT_IRC_CONTACTS && !map_get(user->contacts->by_name, key))
		contact = contact_create(user->irc, name);
	if (contact)
		map_put(user->contacts->by_name, key, contact);
	mem_free(key);
	return contact;
}

void irc_contacts_set(struct irc_user *user, const struct event_contact *contacts, size_t count)
{
	if (!user)
		return;
	LIST_EACH(link, &user->connections)
	irc_watch_end(CONTAINER_OF(link, struct irc_connection, link));
	irc_contacts_destroy(&user->contacts);
	for (size_t i = 0; i < count; i++)
		add(user, contacts[i].name);
	LIST_EACH(link, &user->connections)
	{
		struct irc_connection *connection = CONTAINER_OF(link, struct irc_connection, link);

		if (connection->state == IRC_READY)
			irc_watch_begin(connection);
	}
}

void irc_contacts_add(struct irc_user *user, const char *name)
{
	struct irc_contact *contact = user ? add(user, name) : NULL;
	struct irc_connection *connection = contact ? connection_of(user, contact) : NULL;

	if (connection)
		watch_one(connection, contact);
}

void irc_contacts_remove(struct irc_user *user, const char *name)
{
	char *key = key_of(name);
	struct irc_contact *contact =
	        user && user->contacts ? map_remove(user->contacts->by_name, key) : NULL;
	struct irc_connection *connection = contact ? connection_of(user, contact) : NULL;

	mem_free(key);
	if (connection)
		forget_one(connection, contact);
	if (contact)
		contact_free(contact);
}

/* As many of those that `wanted` tells in one line as it holds; the names in *out. */
static void collect(struct irc_connection *connection, char separator,
                    bool (*wanted)(struct irc_connection *connection, struct irc_contact *contact),
                    struct buf *out)
{
	struct map_iter it = {0};

	buf_clear(out);
	while (connection->user->contacts && map_next(connection->user->contacts->by_name, &it)) {
		struct irc_contact *contact = it.value;

		if (out->len + strlen(contact->nick) > NAMES_BYTES || !is_on(contact, connection) ||
		    !wanted(connection, contact))
			continue;
		if (out->len)
			buf_putc(out, separator);
		buf_puts(out, contact->nick);
	}
}

static bool to_monitor(struct irc_connection *connection, struct irc_contact *contact)
{
	if (contact->monitored || !has_room(connection))
		return false;
	connection->watch->monitored++;
	return contact->monitored = true;
}

static bool to_ask(struct irc_connection *connection, struct irc_contact *contact)
{
	if (contact->monitored || contact->round == connection->watch->round)
		return false;
	contact->round = connection->watch->round;
	return contact->asked = true;
}

void irc_watch_begin(struct irc_connection *connection)
{
	struct buf nicks = {0};

	if (connection->watch)
		return;
	connection->watch = MEM_NEW(struct irc_watch);
	while (collect(connection, ',', to_monitor, &nicks), nicks.len)
		monitor(connection, "+", buf_text(&nicks));
	buf_finish(&nicks);
}

/* The next question of this round. The round is over if there is none. */
static void ask(struct irc_connection *connection, uint64_t now)
{
	struct irc_watch *watch = connection->watch;
	struct buf nicks = {0};

	collect(connection, ' ', to_ask, &nicks);
	watch->asked_at = nicks.len ? now : 0;
	if (nicks.len)
		irc_send(connection, "ISON", NULL, buf_text(&nicks));
	else
		watch->next_at = now + (uint64_t)connection->user->irc->config.contact_interval * 1000;
	buf_finish(&nicks);
}

static void forget_question(struct irc_connection *connection)
{
	struct map_iter it = {0};

	connection->watch->asked_at = 0;
	while (connection->user->contacts && map_next(connection->user->contacts->by_name, &it))
		if (is_on(it.value, connection))
			((struct irc_contact *)it.value)->asked = false;
}

void irc_watch_tick(struct irc_connection *connection, uint64_t now)
{
	struct irc_watch *watch = connection->watch;

	if (!watch || connection->user->irc->config.contact_interval == 0)
		return;
	if (watch->asked_at && now - watch->asked_at < ANSWER_MS)
		return;
	if (watch->asked_at)
		forget_question(connection);
	if (now < watch->next_at)
		return;
	watch->round++;
	ask(connection, now);
}

void irc_watch_end(struct irc_connection *connection)
{
	struct irc_user *user = connection->user;
	struct map_iter it = {0};

	if (!connection->watch)
		return;
	MEM_FREE(connection->watch);
	while (user->contacts && map_next(user->contacts->by_name, &it)) {
		struct irc_contact *contact = it.value;

		if (!is_on(contact, connection))
			continue;
		contact->monitored = contact->asked = false;
		contact->round = 0;
		tell(user, contact, false);
	}
}

/* What the server says */

static struct irc_contact *find(struct irc_connection *connection, const char *nick)
{
	struct map_iter it = {0};

	while (connection->watch && connection->user->contacts &&
	       map_next(connection->user->contacts->by_name, &it)) {
		struct irc_contact *contact = it.value;

		if (is_on(contact, connection) &&
		    irc_same_name(connection->support.casemap, contact->nick, nick))
			return contact;
	}
	return NULL;
}

/* Calls for each nickname of "a!u@h,b,c". */
static void each(struct irc_connection *connection, const char *list,
                 void (*found)(struct irc_connection *connection, struct irc_contact *contact))
{
	while (*list) {
		size_t length = strcspn(list, ", ");
		char *nick = mem_strndup(list, length);

		nick[strcspn(nick, "!")] = '\0';
		struct irc_contact *contact = find(connection, nick);

		mem_free(nick);
		if (contact)
			found(connection, contact);
		list += length;
		list += strspn(list, ", ");
	}
}

static void is_there(struct irc_connection *connection, struct irc_contact *contact)
{
	tell(connection->user, contact, true);
}

static void is_not_there(struct irc_connection *connection, struct irc_contact *contact)
{
	tell(connection->user, contact, false);
}

static void has_no_place(struct irc_connection *connection, struct irc_contact *contact)
{
	if (!contact->monitored)
		return;
	contact->monitored = false;
	/* One that is in the list still counts, so that no more are tried. */
	connection->support.monitor_limit = --connection->watch->monitored;
	connection->support.monitor = connection->support.monitor_limit > 0;
	connection->watch->next_at = 0;
}

static void on_online(struct irc_connection *connection, struct irc_line *line)
{
	each(connection, line->params[1], is_there);
}

static void on_offline(struct irc_connection *connection, struct irc_line *line)
{
	each(connection, line->params[1], is_not_there);
}

static void on_list_full(struct irc_connection *connection, struct irc_line *line)
{
	each(connection, line->params[2], has_no_place);
}

static void confirm(struct irc_connection *connection, struct irc_contact *contact)
{
	if (!contact->asked)
		return;
	contact->asked = false;
	tell(connection->user, contact, true);
}

/* Who was asked about and is not named is not there. */
static void on_ison(struct irc_connection *connection, struct irc_line *line)
{
	struct map_iter it = {0};

	if (!connection->watch || !connection->watch->asked_at)
		return;
	each(connection, line->params[1], confirm);
	while (connection->user->contacts && map_next(connection->user->contacts->by_name, &it)) {
		struct irc_contact *contact = it.value;

		if (!contact->asked || !is_on(contact, connection))
			continue;
		contact->asked = false;
		tell(connection->user, contact, false);
	}
	ask(connection, clock_ms());
}

static const struct irc_handler handlers[] = {
        {"730", 2, on_online},
        {"731", 2, on_offline},
        {"734", 3, on_list_full},
        {"303", 2, on_ison},
};
const struct irc_handler_table irc_handlers_presence = {handlers, ARRAY_SIZE(handlers)};
