/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/vcard.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/muc_admin.h"
#include "transport/people/user.h"

#define NS_VCARD "vcard-temp"
#define WAIT_SECONDS 60
#define MAX_PHOTO LIMIT_PORTRAIT_BYTES /* of what we pass on: a stanza must hold it in Base64 */

struct card_wait {
	struct reply *reply;
	uint64_t deadline;
};

void card_wait_destroy(void *data)
{
	struct card_wait *wait = data;
	reply_destroy(wait->reply);
	mem_free(wait);
}

static const char *image_type(const uint8_t *bytes, size_t size)
{
	static const struct {
		const char *magic;
		size_t length;
		const char *type;
	} types[] = {{"\x89PNG", 4, "image/png"},
	             {"\xff\xd8\xff", 3, "image/jpeg"},
	             {"GIF8", 4, "image/gif"},
	             {"BM", 2, "image/bmp"}};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (size >= types[i].length && !memcmp(bytes, types[i].magic, types[i].length))
			return types[i].type;
	if (size >= 12 && !memcmp(bytes, "RIFF", 4) && !memcmp(bytes + 8, "WEBP", 4))
		return "image/webp";
	return "application/octet-stream";
}

static void write_card(struct xml_writer *writer, const struct event_vcard *card)
{
	xml_start_ns(writer, "vCard", NS_VCARD);
	xml_element(writer, "FN", NULL, card->full_name && card->full_name[0] ? card->full_name : NULL);
	xml_element(writer, "NICKNAME", NULL, card->nickname && card->nickname[0] ? card->nickname : NULL);
	if (card->photo && card->photo_size && card->photo_size <= MAX_PHOTO) {
		xml_start(writer, "PHOTO");
		xml_element(writer, "TYPE", NULL, image_type(card->photo, card->photo_size));
		xml_start(writer, "BINVAL");
		xml_base64(writer, card->photo, card->photo_size);
		xml_end(writer);
		xml_end(writer);
	}
	xml_end(writer);
}

void vcard_show(struct xmpp_frontend *frontend, const struct event_vcard *card)
{
	char id[16];
	snprintf(id, sizeof(id), "%u", (unsigned)card->id);
	struct card_wait *wait = map_remove(frontend->cards, id);
	if (!wait)
		return;
	struct reply *reply = wait->reply;
	struct xml_writer *writer = result_begin(frontend, reply->from, reply->to, reply->id);
	write_card(writer, card);
	xml_end(writer);
	xmpp_end(frontend, reply->to);
	card_wait_destroy(wait);
}

void cards_expire(struct xmpp_frontend *frontend)
{
	uint64_t now = clock_ms();
	struct map_iter it = {0};
	while (map_next(frontend->cards, &it)) {
		struct card_wait *wait = it.value;
		if (wait->deadline > now)
			continue;
		reply_error(wait->reply, &ERROR_TIMEOUT, NULL);
		map_remove(frontend->cards, it.key);
		card_wait_destroy(wait);
	}
}

/* Whose card is asked for: a contact, or room/nickname. */
static void card_name(const struct iq_request *request, struct resource *resource, struct buf *name)
{
	const struct route *route = &request->route;
	const struct xmpp_room *room = muc_find_node(resource, route->to.node);
	if (route->target == ROUTE_SELF) {
		buf_puts(name, resource->identity->user ? resource->identity->user->legacy_name : "");
	} else if (room && route->to.resource[0]) {
		buf_printf(name, "%s/%s", room->name, route->to.resource);
	} else if (room) {
		buf_puts(name, room->name);
	} else {
		address_to_contact(request->frontend, resource->identity->user, name, route->to.node);
	}
}

static void ask_for_card(const struct iq_request *request, struct resource *resource)
{
	struct xmpp_frontend *frontend = request->frontend;
	if (map_count(frontend->cards) >= LIMIT_XMPP_REPLIES) {
		iq_error(request, &ERROR_CONSTRAINT, NULL);
		return;
	}
	struct buf name = {0};
	char id[16];
	struct event event = {.type = EVENT_VCARD_REQUEST};
	card_name(request, resource, &name);
	event.vcard.name = buf_text(&name);
	event.vcard.id = ++frontend->next_card ? frontend->next_card : ++frontend->next_card;
	snprintf(id, sizeof(id), "%u", (unsigned)event.vcard.id);
	struct card_wait *wait = MEM_NEW(struct card_wait);
	wait->reply = iq_reply_later(request);
	wait->deadline = clock_ms() + WAIT_SECONDS * 1000;
	struct card_wait *old = map_put(frontend->cards, id, wait);
	if (old)
		card_wait_destroy(old);
	int err = router_from_frontend(resource, &event);
	if (err) {
		iq_error(request, stanza_error_of(err), NULL);
		wait = map_remove(frontend->cards, id);
		if (wait)
			card_wait_destroy(wait);
	}
	buf_finish(&name);
}

/* Line breaks are common in Base64 of vCards. */
static char *without_space(char *text)
{
	char *out = text;
	for (const char *p = text; *p; p++)
		if (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t')
			*out++ = *p;
	*out = '\0';
	return text;
}

static char *photo_of(struct xmpp_frontend *frontend, xmpp_stanza_t *card, unsigned char **bytes, size_t *size)
{
	char *photo = without_space(tree_text(tree_child(tree_child(card, "PHOTO"), "BINVAL")));
	*bytes = NULL;
	*size = 0;
	if (photo[0])
		xmpp_base64_decode_bin(frontend->strophe, photo, strlen(photo), bytes, size);
	return photo;
}

static int pass_own_card(struct xmpp_frontend *frontend, struct resource *resource, xmpp_stanza_t *card)
{
	struct event event = {.type = EVENT_VCARD};
	char *full_name = tree_text(tree_child(card, "FN"));
	char *nickname = tree_text(tree_child(card, "NICKNAME"));
	unsigned char *bytes;
	size_t size;
	char *photo = photo_of(frontend, card, &bytes, &size);
	event.vcard.name = "";
	event.vcard.full_name = full_name[0] ? full_name : NULL;
	event.vcard.nickname = nickname[0] ? nickname : NULL;
	event.vcard.photo = bytes;
	event.vcard.photo_size = bytes ? size : 0;
	event.vcard.has_photo = true;
	int err = router_from_frontend(resource, &event);
	if (bytes)
		xmpp_free(frontend->strophe, bytes);
	mem_free(full_name);
	mem_free(nickname);
	mem_free(photo);
	return err;
}

static void tell_gateway_card(const struct iq_request *request)
{
	struct event_vcard card = {.full_name = request->frontend->config.identity_name};
	write_card(iq_result(request), &card);
	iq_send(request);
}

/* XEP-0486: the picture of a room. */
static void set_room_card(const struct iq_request *request)
{
	unsigned char *bytes;
	size_t size;
	char *photo = photo_of(request->frontend, request->child, &bytes, &size);
	if (photo[0] && !bytes)
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
	else
		muc_set_picture(request, bytes, size);
	if (bytes)
		xmpp_free(request->frontend->strophe, bytes);
	mem_free(photo);
}

static void set_card(const struct iq_request *request, struct resource *resource)
{
	bool in_room = muc_find_node(route_resource(request->frontend, &request->route), request->route.to.node);
	if (in_room && !request->route.to.resource[0]) {
		set_room_card(request);
		return;
	}
	if (request->route.target == ROUTE_ENTITY) {
		iq_error(request, &ERROR_NOT_ALLOWED, "Only your own card can be changed.");
		return;
	}
	int err = pass_own_card(request->frontend, resource, request->child);
	if (err)
		iq_error(request, stanza_error_of(err), NULL);
	else
		iq_empty_result(request);
}

void vcard_handle(const struct iq_request *request)
{
	if (!request->set && request->route.target == ROUTE_GATEWAY) {
		tell_gateway_card(request);
		return;
	}
	struct resource *resource = route_any_resource(request->frontend, &request->route);
	if (!resource)
		refuse_without_session(request->frontend, &request->route, "iq", request->id);
	else if (request->set)
		set_card(request, resource);
	else
		ask_for_card(request, resource);
}

static void own_card_came(struct xmpp_frontend *frontend, const char *address, const char *hash,
                          xmpp_stanza_t *result)
{
	struct identity *identity = session_find_identity(frontend->base.transport, &frontend->base, address);
	struct resource *resource = identity ? identity_best_resource(identity) : NULL;
	xmpp_stanza_t *card = result ? tree_child_ns(result, "vCard", NS_VCARD) : NULL;
	if (!resource || !card || !identity->user)
		return;
	if (pass_own_card(frontend, resource, card) == 0)
		user_set_setting(identity->user, "photohash", hash);
}

void vcard_photo_changed(struct xmpp_frontend *frontend, struct resource *resource, const char *hash)
{
	const struct identity *identity = resource->identity;
	const struct user *user = identity->user;
	if (!user || user->state != USER_CONNECTED || frontend->config.server_mode)
		return;
	const char *known = map_get(user->settings, "photohash");
	if (!strcmp(known ? known : "", hash))
		return;
	struct xml_writer *writer = request_begin(frontend, "get", identity->address, own_card_came, hash);
	xml_empty(writer, "vCard", NS_VCARD);
	xml_end(writer);
	xmpp_end(frontend, identity->address);
}
