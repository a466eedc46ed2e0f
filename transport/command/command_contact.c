/* SPDX-License-Identifier: MIT */
/* Contacts: the list, and what changes it. */
#include "transport/command/command_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"
#include "transport/routing/conversation.h"
#include "transport/routing/router.h"

void command_put_word(struct buf *out, const char *word)
{
	bool plain = *word && !strpbrk(word, " \t\n'\"\\");

	if (!plain)
		buf_putc(out, '"');
	for (const char *c = word; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *c);
	}
	if (!plain)
		buf_putc(out, '"');
}

void command_describe_request(struct buf *out, const char *contact)
{
	buf_printf(out, "%s asks to see when you are there. Say: accept ", contact);
	command_put_word(out, contact);
	buf_puts(out, ", or: refuse ");
	command_put_word(out, contact);
}

void command_run_contacts(struct command_call *call)
{
	const struct user *user = command_caller_for_login(call);
	struct buf text = {0};
	struct contacts_iter contacts = {0};
	struct map_iter it = {0};
	bool others = false;

	if (!user)
		return;
	buf_puts(&text, contacts_count(user->roster->contacts) ? "Your contacts:" : "You have no contacts.");
	while (contacts_next(user->roster->contacts, &contacts)) {
		const struct contact *contact = contacts.contact;

		buf_putc(&text, '\n');
		if (contact->requested) {
			command_describe_request(&text, contact->name);
			continue;
		}
		buf_puts(&text, contact->name);
		if (contact->alias && *contact->alias && strcmp(contact->alias, contact->name) != 0)
			buf_printf(&text, " (%s)", contact->alias);
		buf_puts(&text, contact->status == STATUS_OFFLINE ? "" : ": there");
	}
	while (map_next(user->conversations, &it)) {
		const struct conversation *conversation = it.value;

		if (roster_find(user->roster, conversation->contact))
			continue;
		buf_printf(&text, "%s\n%s", others ? "" : "\nYou talk with:", conversation->contact);
		others = true;
	}
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

static const char *refusal(int err)
{
	switch (err) {
	case TP_ERR_NOT_FOUND:
		return "there is no such contact";
	case TP_ERR_INVALID:
		return "that cannot be a name";
	case TP_ERR_NOT_CONNECTED:
		return "you are not connected to the network";
	default:
		return tp_error_text(err);
	}
}

/* `done`: what is told of the name when it is. What the event does not say stays as it is known. */
static void tell_network(struct command_call *call, enum event_type type, const struct event_contact *contact,
			 const char *done)
{
	struct resource *from = command_client(call);
	struct event event = {.type = type, .contact = *contact};
	char *name = mem_strdup(contact->name); /* the contact may go */

	event.contact.name = name;
	int err = from ? router_from_frontend(from, &event) : TP_ERR_NOT_CONNECTED;

	if (err)
		command_reply(call, err, "%s: %s.", name, refusal(err));
	else
		command_reply(call, 0, "%s %s", name, done);
	mem_free(name);
}

void command_run_add(struct command_call *call)
{
	const char *alias = command_value(call, "alias");
	const struct event_contact contact = {.name = command_value(call, "name"), .alias = *alias ? alias : NULL};

	if (command_caller_for_login(call))
		tell_network(call, EVENT_CONTACT, &contact, "is among your contacts.");
}

void command_run_remove(struct command_call *call)
{
	if (command_caller_for_login(call))
		tell_network(call, EVENT_CONTACT_REMOVED, &(struct event_contact){.name = command_value(call, "name")},
		     "is not among your contacts any more.");
}

/* The contact that waits for an answer; NULL, and the person is told. */
static const struct contact *asking(struct command_call *call)
{
	const struct user *user = command_caller_for_login(call);

	if (!user)
		return NULL;
	const struct contact *contact = roster_find(user->roster, command_value(call, "name"));

	if (contact && contact->requested)
		return contact;
	command_reply(call, TP_ERR_NOT_FOUND, "%s has not asked for anything.", command_value(call, "name"));
	return NULL;
}

void command_run_accept(struct command_call *call)
{
	const struct contact *contact = asking(call);

	if (contact)
		tell_network(call, EVENT_CONTACT, &(struct event_contact){.name = contact->name},
			     "may see when you are there, and is among your contacts.");
}

void command_run_refuse(struct command_call *call)
{
	const struct contact *contact = asking(call);

	if (contact)
		tell_network(call, EVENT_CONTACT_REMOVED, &(struct event_contact){.name = contact->name}, "is refused.");
}
