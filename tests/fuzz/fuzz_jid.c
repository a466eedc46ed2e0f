/* SPDX-License-Identifier: MIT */
/* Any text as a JID, a legacy name and a node: what is accepted stays the same the second time, and escaping undone
 * is the name again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "frontends/xmpp/jid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parse(const char *text)
{
	struct jid first, second;
	struct buf full = {0};

	if (jid_parse(&first, text) == 0) {
		jid_full(&first, &full);
		if (jid_parse(&second, buf_text(&full)) != 0 || strcmp(first.node, second.node) != 0 ||
		    strcmp(first.domain, second.domain) != 0 || strcmp(first.resource, second.resource) != 0)
			abort();
	}
	buf_finish(&full);
}

/* What a key stands for has an address, by which it is read again. (Not always that key: a mark behind an escape
 * that was escaped makes another letter of its last one, and then it need not be escaped.) */
static void check_key(const char *node)
{
	struct buf key = {0}, name = {0}, again = {0}, second = {0}, back = {0};

	if (jid_prepare_name(&key, node)) {
		jid_to_legacy(&name, buf_text(&key));
		jid_from_room(&again, buf_text(&name), true);
		if (!jid_prepare_name(&second, buf_text(&again)))
			abort();
		jid_to_legacy(&back, buf_text(&second));
		if (strcmp(buf_text(&back), buf_text(&name)) != 0)
			abort();
	}
	buf_finish(&key);
	buf_finish(&name);
	buf_finish(&again);
	buf_finish(&second);
	buf_finish(&back);
}

static void check_names(const char *name)
{
	struct buf node = {0}, back = {0};

	jid_escape(&node, name);
	jid_unescape(&back, buf_text(&node));
	if (strcmp(buf_text(&back), name) != 0)
		abort();
	buf_clear(&node);
	buf_clear(&back);
	jid_from_room(&node, name, true);
	jid_to_legacy(&back, buf_text(&node));
	if (strcmp(buf_text(&back), name) != 0)
		abort();
	check_key(buf_text(&node));
	buf_clear(&back);
	jid_to_legacy(&back, name);
	buf_finish(&node);
	buf_finish(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);

	check_parse(text);
	check_names(text);
	mem_free(text);
	return 0;
}
