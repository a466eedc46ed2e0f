/* SPDX-License-Identifier: MIT */
/*
 * What is in a stanza of somebody who is logged in and in a room: forms, cards, files, references, a moderator's
 * list, login steps. An input: a byte that says what kind of stanza to whom, then what is in it. Beyond not
 * crashing: all that the frontend says is XML, no question gets two answers, and somebody can be served afterwards.
 */
#include <expat.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/stanza.h"
#include "tests/fuzz/counts.h"
#include "tests/unit/xmpp/fixture.h"
#include "transport/rooms/room.h"

#define ROOM "#chan@irc.example"
#define STREAM "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static unsigned stanzas;

static void on_message(void *context, const struct message_stanza *message)
{
	(void)context;
	stanzas++;
	xmpp_handle_message(frontend, message);
}

static void on_presence(void *context, const struct presence_stanza *presence)
{
	(void)context;
	stanzas++;
	xmpp_handle_presence(frontend, presence);
}

static void on_iq(void *context, xmpp_stanza_t *iq)
{
	(void)context;
	stanzas++;
	xmpp_handle_iq(frontend, iq);
}

static void on_other(void *context, xmpp_stanza_t *element)
{
	(void)context;
	(void)element;
}

static void on_stream_start(void *context, const char **attributes)
{
	(void)context;
	(void)attributes;
}

static void on_stream_end(void *context)
{
	(void)context;
}

static void take(const char *xml, size_t length)
{
	static const struct stanza_handler handler = {.message = on_message, .presence = on_presence, .iq = on_iq,
	                                              .stream_start = on_stream_start, .other = on_other,
	                                              .stream_end = on_stream_end};
	struct stanza_reader *reader = stanza_reader_create(frontend->strophe, &handler, NULL);
	struct xml_stream *stream;
	size_t consumed = 0;
	const char *condition = NULL;

	stanza_reader_keep_trees(reader, &transport.features.raw_xml);
	stream = xml_stream_create(&stanza_reader_xml, reader, LIMIT_STANZA_BYTES);
	require(xml_stream_feed(stream, STREAM, strlen(STREAM), &consumed, &condition) == 0);
	(void)xml_stream_feed(stream, xml, length, &consumed, &condition);
	xml_stream_destroy(&stream);
	stanza_reader_destroy(&reader);
}

static void check_sent(void)
{
	XML_Parser parser = XML_ParserCreateNS("UTF-8", '|');
	const char *head = "<all xmlns:stream='s'>", *tail = "</all>";

	require(parser && XML_Parse(parser, head, (int)strlen(head), 0) == XML_STATUS_OK);
	require(XML_Parse(parser, buf_text(&sent), (int)sent.len, 0) == XML_STATUS_OK);
	require(XML_Parse(parser, tail, (int)strlen(tail), 1) == XML_STATUS_OK);
	XML_ParserFree(parser);
}

static unsigned count_of(const char *text, const char *wanted)
{
	unsigned count = 0;

	for (; (text = strstr(text, wanted)); text++)
		count++;
	return count;
}

static void begin(void)
{
	void *state = NULL;

	fixture_setup(&state);
	struct resource *resource = log_in(ALICE_HOME);
	struct room *room = fake_room(ROOM, "nick");

	fake_participant(room, "bob", NULL);
	fake_participant(room, "eve", "Eve E.");
	fake_participant(room, "nick", NULL);
	fake_contact("carl", "Carl", true);
	feed("<presence from='" ALICE_HOME "' to='#chan%irc.example@" GW "/nick'>"
	     "<x xmlns='http://jabber.org/protocol/muc'/></presence>");
	show_self(resource, ROOM, "nick");
	clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const to[] = {GW, "#chan%irc.example@" GW, "carl@" GW, "#chan%irc.example@" GW "/bob"};
	static const char *const kinds[] = {"iq' type='set", "iq' type='get", "iq' type='result", "message' type='chat",
	                                    "message' type='groupchat", "presence", "message' type='normal", "iq' type='set"};
	static const struct event_ban ban = {.mask = "*!*@<bad>.example"};
	static const struct room_bans bans = {.bans = &ban, .count = 1};
	unsigned kind = size ? data[0] : 0;
	const char *name = kinds[kind >> 2 & 7];
	size_t length = strcspn(name, "'");
	struct buf xml = {0};
	void *state = NULL;

	begin();
	forget_counts();
	buf_printf(&xml, "<%.*s id='q1' from='" ALICE_HOME "' to='%s%s'>", (int)length, name, to[kind & 3], name + length);
	if (size)
		buf_append(&xml, (const char *)data + 1, size - 1);
	buf_printf(&xml, "</%.*s>", (int)length, name);
	stanzas = 0;
	take(xml.data, xml.len);
	answer_bans(0, NULL, &bans);
	check_sent();
	if (stanzas == 1 && text_starts(name, "iq"))
		require(count_of(buf_text(&sent), "id='q1'") <= 1);
	clear();
	feed("<iq id='last' type='get' from='" ALICE_HOME "' to='" GW "'><ping xmlns='urn:xmpp:ping'/></iq>");
	require(count_of(buf_text(&sent), "id='last'") == 1);
	buf_finish(&xml);
	fixture_teardown(&state);
	return 0;
}
