/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/disco.h"

#include <stdlib.h>
#include <string.h>

#include "frontends/xmpp/commands.h"
#include "frontends/xmpp/files.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/references.h"
#include "frontends/xmpp/upload.h"
#include "transport/command/command.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

#define MAX_FEATURES 16

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void caps_hash(struct buf *out, const char *identity, const char *const *features, size_t count)
{
	const char **sorted = mem_alloc((count + 1) * sizeof(*sorted));
	struct buf text = {0};
	unsigned char digest[20];
	memcpy(sorted, features, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_text);
	buf_puts(&text, identity);
	buf_putc(&text, '<');
	for (size_t i = 0; i < count; i++) {
		buf_puts(&text, sorted[i]);
		buf_putc(&text, '<');
	}
	xmpp_sha1_digest((const unsigned char *)buf_text(&text), text.len, digest);
	buf_clear(&text);
	struct xml_writer writer;
	xml_writer_init(&writer, &text);
	xml_base64(&writer, digest, sizeof(digest));
	buf_puts(out, buf_text(&text));
	buf_finish(&text);
	mem_free(sorted);
}

static size_t contact_features(const struct xmpp_frontend *frontend, const char *features[MAX_FEATURES])
{
	size_t count = 0;
	features[count++] = "http://jabber.org/protocol/chatstates";
	features[count++] = NS_INFO;
	features[count++] = NS_ITEMS;
	features[count++] = NS_OOB;
	features[count++] = NS_SFS;
	features[count++] = NS_SIMS;
	if (frontend->config.enable_xhtml)
		features[count++] = "http://jabber.org/protocol/xhtml-im";
	if (frontend->base.transport->features.receipts)
		features[count++] = "urn:xmpp:receipts";
	if (frontend->base.transport->features.extension) {
		features[count++] = NS_CORRECT;
		features[count++] = NS_FALLBACK;
		features[count++] = NS_MARKERS;
		features[count++] = NS_REACTIONS;
		features[count++] = NS_REPLY;
		features[count++] = NS_RETRACT;
	}
	return count;
}

void disco_update_caps(struct xmpp_frontend *frontend)
{
	const char *features[MAX_FEATURES];
	size_t count = contact_features(frontend, features);
	struct buf identity = {0}, hash = {0};
	buf_printf(&identity, "client/pc//%s", frontend->config.identity_name);
	caps_hash(&hash, buf_text(&identity), features, count);
	struct xml_writer writer;
	buf_clear(&frontend->caps);
	xml_writer_init(&writer, &frontend->caps);
	xml_start_ns(&writer, "c", NS_CAPS);
	xml_attr(&writer, "hash", "sha-1");
	xml_attr(&writer, "node", CAPS_NODE);
	xml_attr(&writer, "ver", buf_text(&hash));
	xml_end(&writer);
	buf_finish(&identity);
	buf_finish(&hash);
}

static void write_identity(struct xml_writer *writer, const char *category, const char *type,
                           const char *name)
{
	xml_start(writer, "identity");
	xml_attr(writer, "category", category);
	xml_attr(writer, "type", type);
	xml_attr(writer, "name", name);
	xml_end(writer);
}

static void write_feature(struct xml_writer *writer, const char *feature)
{
	xml_start(writer, "feature");
	xml_attr(writer, "var", feature);
	xml_end(writer);
}

static struct xml_writer *begin(const struct iq_request *request, const char *ns)
{
	struct xml_writer *writer = iq_result(request);
	xml_start_ns(writer, "query", ns);
	xml_attr(writer, "node", xmpp_stanza_get_attribute(request->child, "node"));
	return writer;
}

static void finish(const struct iq_request *request)
{
	xml_end(&request->frontend->writer);
	iq_send(request);
}

static bool may_use(const struct iq_request *request, const struct command *command)
{
	struct xmpp_frontend *frontend = request->frontend;
	return command_allowed(frontend->base.transport, command, &frontend->base, request->route.address);
}

static void gateway_info(const struct iq_request *request)
{
	static const char *const always[] = {NS_INFO,
	                                     NS_ITEMS,
	                                     NS_COMMANDS,
	                                     NS_CAPS,
	                                     "jabber:iq:gateway",
	                                     "jabber:iq:last",
	                                     "jabber:iq:private",
	                                     "jabber:iq:register",
	                                     "jabber:iq:version",
	                                     "urn:xmpp:carbons:2",
	                                     "urn:xmpp:ping",
	                                     "vcard-temp"};
	const struct xmpp_frontend *frontend = request->frontend;
	const struct xmpp_config *config = &frontend->config;
	struct xml_writer *writer = begin(request, NS_INFO);
	write_identity(writer, config->identity_category, config->identity_type, config->identity_name);
	if (config->server_mode)
		write_identity(writer, "server", "im", config->identity_name);
	if (frontend->base.transport->features.rooms)
		write_identity(writer, "conference", "text", config->identity_name);
	if (upload_is_offered(frontend))
		write_identity(writer, "store", "file", "HTTP File Upload");
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		write_feature(writer, always[i]);
	if (frontend->base.transport->features.rooms)
		write_feature(writer, NS_MUC);
	if (upload_is_offered(frontend)) {
		write_feature(writer, NS_UPLOAD);
		upload_write_form(frontend, writer);
	}
	finish(request);
}

static void commands_info(const struct iq_request *request, const char *node)
{
	bool list = !strcmp(node, NS_COMMANDS);
	const struct command *command = list ? NULL : command_find(node);
	if (!list && (!command || !may_use(request, command))) {
		iq_error(request, &ERROR_NOT_FOUND, NULL);
		return;
	}
	struct xml_writer *writer = begin(request, NS_INFO);
	write_identity(writer, "automation", list ? "command-list" : "command-node",
	               list ? "Commands" : command->title);
	write_feature(writer, NS_COMMANDS);
	write_feature(writer, list ? NS_ITEMS : "jabber:x:data");
	finish(request);
}

static void account_info(const struct iq_request *request)
{
	struct xml_writer *writer = begin(request, NS_INFO);
	write_identity(writer, "account", "registered", NULL);
	write_feature(writer, NS_INFO);
	write_feature(writer, NS_ITEMS);
	write_feature(writer, "jabber:iq:private");
	write_feature(writer, "urn:xmpp:ping");
	write_feature(writer, "vcard-temp");
	finish(request);
}

static const struct user *asking_user(const struct iq_request *request)
{
	struct resource *resource = route_any_resource(request->frontend, &request->route);
	return resource ? resource->identity->user : NULL;
}

/* The name that a list shows for the room; NULL: it is not in it. */
static const char *listed_name(const char **rooms, const char **names, size_t count, const char *key)
{
	struct buf candidate = {0};
	const char *found = NULL;
	for (size_t i = 0; i < count && !found; i++) {
		buf_clear(&candidate);
		muc_key(&candidate, rooms[i]);
		if (!strcmp(buf_text(&candidate), key))
			found = names && names[i] && names[i][0] ? names[i] : rooms[i];
	}
	buf_finish(&candidate);
	return found;
}

/* Appends the name of a room that is known, or that by its '#' can only be one. *room: the person's own, or NULL. */
static bool room_name(const struct iq_request *request, struct buf *name, const struct room **room)
{
	const struct transport *transport = request->frontend->base.transport;
	const struct user *user = asking_user(request);
	struct buf legacy = {0}, key = {0};
	jid_to_legacy(&legacy, request->route.to.node);
	muc_key(&key, buf_text(&legacy));
	const char *found = listed_name(transport->room_list, transport->room_names,
	                                transport->room_list_count, buf_text(&key));
	if (!found && user)
		found = listed_name(user->room_list, user->room_names, user->room_list_count, buf_text(&key));
	*room = user ? room_find(user, buf_text(&legacy)) : NULL;
	bool is_room = found || request->route.to.node[0] == '#' || *room;
	if (is_room)
		buf_puts(name, found ? found : buf_text(&legacy));
	buf_finish(&legacy);
	buf_finish(&key);
	return is_room;
}

static void write_info_field(struct xml_writer *writer, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	xml_start(writer, "field");
	xml_attr(writer, "var", name);
	xml_element(writer, "value", NULL, value);
	xml_end(writer);
}

/* XEP-0045, "Querying for Room Information"; the hash of the avatar as XEP-0486 has it. */
static void write_room_form(struct xml_writer *writer, const struct room *room)
{
	char members[16] = "";
	if (room->members)
		snprintf(members, sizeof(members), "%u", room->members);
	xml_start_ns(writer, "x", "jabber:x:data");
	xml_attr(writer, "type", "result");
	form_put_type(writer, "http://jabber.org/protocol/muc#roominfo");
	write_info_field(writer, "muc#roomconfig_roomname", room->title);
	write_info_field(writer, "muc#roominfo_description", room->description);
	write_info_field(writer, "muc#roominfo_subject", room->subject);
	write_info_field(writer, "muc#roominfo_occupants", members);
	write_info_field(writer, "muc#roominfo_avatarhash", room->icon_hash);
	xml_end(writer);
}

/* `room`: the person's own, or NULL. */
static void room_info(const struct iq_request *request, const char *name, const struct room *room)
{
	bool told = room && room->has_info;
	struct xml_writer *writer = begin(request, NS_INFO);
	write_identity(writer, "conference", "text", told && room->title ? room->title : name);
	write_feature(writer, NS_MUC);
	write_feature(writer, NS_INFO);
	write_feature(writer, "http://jabber.org/protocol/muc#self-ping-optimization");
	if (request->frontend->base.transport->features.extension)
		write_feature(writer, NS_STANZA_ID);
	if (told) {
		write_feature(writer, room->is_private ? "muc_membersonly" : "muc_open");
		write_feature(writer, room->is_private ? "muc_hidden" : "muc_public");
		write_feature(writer, "vcard-temp");
		write_room_form(writer, room);
	}
	finish(request);
}

static void contact_info(const struct iq_request *request)
{
	const char *features[MAX_FEATURES];
	size_t count = contact_features(request->frontend, features);
	struct xml_writer *writer = begin(request, NS_INFO);
	write_identity(writer, "client", "pc", request->frontend->config.identity_name);
	for (size_t i = 0; i < count; i++)
		write_feature(writer, features[i]);
	finish(request);
}

static void entity_info(const struct iq_request *request, const char *node)
{
	const struct room *room = NULL;
	struct buf name = {0};
	if (node[0] && strncmp(node, CAPS_NODE, strlen(CAPS_NODE)) != 0)
		iq_error(request, &ERROR_NOT_FOUND, NULL);
	else if (!node[0] && !request->route.to.resource[0] && room_name(request, &name, &room))
		room_info(request, buf_text(&name), room);
	else
		contact_info(request);
	buf_finish(&name);
}

void disco_handle_info(const struct iq_request *request)
{
	const char *node = xmpp_stanza_get_attribute(request->child, "node");
	if (request->set)
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
	else if (request->route.target == ROUTE_ENTITY)
		entity_info(request, node ? node : "");
	else if (node && node[0])
		commands_info(request, node);
	else if (request->route.target == ROUTE_SELF)
		account_info(request);
	else
		gateway_info(request);
}

static void write_item(struct xml_writer *writer, const char *jid, const char *node, const char *name)
{
	xml_start(writer, "item");
	xml_attr(writer, "jid", jid);
	xml_attr(writer, "node", node);
	xml_attr(writer, "name", name);
	xml_end(writer);
}

static void list_commands(const struct iq_request *request)
{
	struct xml_writer *writer = begin(request, NS_ITEMS);
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		if (may_use(request, command))
			write_item(writer, request->frontend->gateway, command->name, command->title);
	finish(request);
}

static size_t write_rooms(struct xmpp_frontend *frontend, struct xml_writer *writer, const char **rooms,
                          const char **names, size_t count, size_t room)
{
	struct buf jid = {0};
	size_t written = 0;
	for (size_t i = 0; i < count && written < room; i++) {
		buf_clear(&jid);
		if (!address_room(frontend, &jid, rooms[i]))
			continue;
		write_item(writer, buf_text(&jid), NULL,
		           names && names[i] && names[i][0] ? names[i] : rooms[i]);
		written++;
	}
	buf_finish(&jid);
	return written;
}

static void list_rooms(const struct iq_request *request)
{
	struct xmpp_frontend *frontend = request->frontend;
	const struct transport *transport = frontend->base.transport;
	const struct user *user = asking_user(request);
	size_t limit = (size_t)frontend->config.max_room_list_size;
	struct xml_writer *writer = begin(request, NS_ITEMS);
	size_t written = write_rooms(frontend, writer, transport->room_list, transport->room_names,
	                             transport->room_list_count, limit);
	if (user)
		write_rooms(frontend, writer, user->room_list, user->room_names, user->room_list_count,
		            limit - written);
	finish(request);
}

void disco_handle_items(const struct iq_request *request)
{
	const char *node = xmpp_stanza_get_attribute(request->child, "node");
	if (request->set) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
	} else if (request->route.target != ROUTE_GATEWAY ||
	           (node && node[0] && strcmp(node, NS_COMMANDS) != 0)) {
		begin(request, NS_ITEMS);
		finish(request);
	} else if (node && node[0]) {
		list_commands(request);
	} else {
		list_rooms(request);
	}
}
