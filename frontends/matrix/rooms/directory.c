/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/directory.h"

#include <string.h>

#include "base/json.h"
#include "config/limits.h"

static bool is_ours(const struct matrix_frontend *frontend, const char *protocol)
{
	struct buf name = {0};

	matrix_put_protocol(&frontend->names, &name);
	bool same = !strcmp(buf_text(&name), protocol);

	buf_finish(&name);
	return same;
}

static void put_field_type(struct buf *json, const char *name, const char *regexp, const char *placeholder)
{
	json_put_string(json, name);
	buf_puts(json, ":{\"regexp\":");
	json_put_string(json, regexp);
	buf_puts(json, ",\"placeholder\":");
	json_put_string(json, placeholder);
	buf_putc(json, '}');
}

bool directory_protocol(const struct matrix_frontend *frontend, const char *protocol, struct buf *json)
{
	if (!is_ours(frontend, protocol))
		return false;
	buf_puts(json, "{\"user_fields\":[\"" DIRECTORY_PERSON "\"],\"location_fields\":[\"" DIRECTORY_ROOM
	               "\"],\"icon\":\"\",\"field_types\":{");
	put_field_type(json, DIRECTORY_ROOM, "[^\\s]+", "#channel");
	buf_putc(json, ',');
	put_field_type(json, DIRECTORY_PERSON, "[^\\s]+", "nickname");
	buf_puts(json, "},\"instances\":[{\"network_id\":");
	json_put_string(json, frontend->base.transport->service.jid);
	buf_puts(json, ",\"desc\":");
	json_put_string(json, matrix_network_name(frontend));
	buf_puts(json, ",\"icon\":\"\",\"fields\":{}}]}");
	return true;
}

static void put_entry(const struct matrix_frontend *frontend, struct buf *json, const char *key, const char *id,
                      const char *field, const char *name)
{
	struct buf protocol = {0};

	matrix_put_protocol(&frontend->names, &protocol);
	if (json->len > 1)
		buf_putc(json, ',');
	buf_printf(json, "{\"%s\":", key);
	json_put_string(json, id);
	buf_puts(json, ",\"protocol\":");
	json_put_string(json, buf_text(&protocol));
	buf_printf(json, ",\"fields\":{\"%s\":", field);
	json_put_string(json, name);
	buf_puts(json, "}}");
	buf_finish(&protocol);
}

static void put_room(const struct matrix_frontend *frontend, struct buf *json, const char *name)
{
	char *alias = matrix_portal_alias(&frontend->names, name);

	put_entry(frontend, json, "alias", alias, DIRECTORY_ROOM, name);
	mem_free(alias);
}

static bool is_name(const char *name)
{
	return name && *name && strlen(name) <= LIMIT_NAME_BYTES;
}

static void put_listed(const struct matrix_frontend *frontend, struct buf *json, const char *part)
{
	const struct transport *transport = frontend->base.transport;
	unsigned count = 0;

	for (size_t i = 0; i < transport->room_list_count && count < LIMIT_MATRIX_FOUND; i++) {
		const char *name = transport->room_list[i];

		if (!strcmp(name, part) || !strcasestr(name, part))
			continue;
		put_room(frontend, json, name);
		count++;
	}
}

static bool finish(struct buf *json)
{
	bool found = json->len > 1;

	buf_putc(json, ']');
	return found;
}

bool directory_rooms(const struct matrix_frontend *frontend, const char *protocol, const char *id, const char *name,
                     struct buf *json)
{
	struct buf room = {0};

	if (protocol && !is_ours(frontend, protocol))
		return false;
	buf_putc(json, '[');
	if (protocol) {
		if (is_name(name))
			put_room(frontend, json, name);
		put_listed(frontend, json, name ? name : "");
	} else if (id && matrix_portal_room(&frontend->names, id, &room) && is_name(buf_text(&room))) {
		put_room(frontend, json, buf_text(&room));
	}
	buf_finish(&room);
	return finish(json);
}

bool directory_people(const struct matrix_frontend *frontend, const char *protocol, const char *id, const char *name,
                      struct buf *json)
{
	struct buf person = {0};

	if (protocol && !is_ours(frontend, protocol))
		return false;
	buf_putc(json, '[');
	if (!protocol && id && matrix_ghost_name(&frontend->names, id, &person))
		name = buf_text(&person);
	else if (!protocol)
		name = NULL;
	if (is_name(name)) {
		char *ghost = matrix_ghost_id(&frontend->names, name);

		put_entry(frontend, json, "userid", ghost, DIRECTORY_PERSON, name);
		mem_free(ghost);
	}
	buf_finish(&person);
	return finish(json);
}
