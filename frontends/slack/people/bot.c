/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/bot.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/channels/channel_name.h"
#include "frontends/slack/channels/hidden.h"
#include "frontends/slack/channels/portal_channel.h"
#include "frontends/slack/people/chat.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/wire/slack_text.h"
#include "transport/command/command.h"
#include "transport/people/link.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"

static const char own_help[] =
        "\nchat <name> - open a chat with a contact: a thread here"
        "\npresence <name> - whether a contact is there"
        "\nlogin <username> [password] - the same as register; /bridge login ... leaves nothing to be read "
        "by others"
        "\nlist - channels of this workspace that are tied to rooms of the network"
        "\nSaid as /bridge ... in a channel: link <room> ties it to a room of the network, unlink unties it "
        "(administrators of "
        "the workspace, and whoever made the channel); people - who is in the room"
        "\ncreate <room> [name] - make a channel that is tied to the room (administrators)"
        "\nrelay <command> - any of these for the account that speaks for people without one: relay login "
        "<username> "
        "[password], relay status (administrators)";

/* Somebody who asked for something, until he has an answer. */
struct asking {
	struct workspace *workspace;
	char *user;    /* who */
	char *address; /* for whom: his own, or the workspace's */
	char *channel, *thread, *response_url;
	char *argument;
	char *creator;                       /* of the channel; NULL */
	char *called;                        /* name of the channel; NULL */
	void (*then)(struct asking *asking); /* when it is known that he may */
	bool help, registers, has_password;
};

/* Whoever says commands faster than Slack answers has no backend read by them. */
static const char *const too_many =
	"Too many commands wait for an answer of Slack's. Please say that again in a moment.";

static bool is_busy(const struct workspace *workspace)
{
	return workspace->commands >= LIMIT_SLACK_COMMANDS;
}

static struct asking *ask(struct workspace *workspace, const char *user, const struct bot_place *place,
                          const char *argument)
{
	struct asking *asking = MEM_NEW(struct asking);

	workspace->commands++;
	asking->workspace = workspace;
	asking->user = mem_strdup(user);
	asking->address = slack_address(workspace->team, user);
	asking->channel = mem_strdup(place->channel);
	asking->thread = mem_strdup(place->thread);
	asking->response_url = mem_strdup(place->response_url);
	asking->argument = mem_strdup(argument);
	return asking;
}

static void asking_free(void *context)
{
	struct asking *asking = context;

	asking->workspace->commands--;
	mem_free(asking->user);
	mem_free(asking->address);
	mem_free(asking->channel);
	mem_free(asking->thread);
	mem_free(asking->response_url);
	mem_free_secret(asking->argument);
	mem_free(asking->creator);
	mem_free(asking->called);
	mem_free(asking);
}

/* What a slash command is answered, should its response_url be good no more: that takes five answers within half an
 * hour. Then only that person sees it all the same, in the channel or, where the bot is not, in the DM. */
struct answer {
	struct workspace *workspace;
	char *channel, *user;
	char text[];
};

static void answer_free(void *context)
{
	struct answer *answer = context;

	mem_free(answer->channel);
	mem_free(answer->user);
	mem_free(answer);
}

static bool can_tell(const struct workspace *workspace)
{
	return !workspace->frontend->stopping && workspace->state == WORKSPACE_READY;
}

static void on_whispered(void *context, const struct web_reply *reply)
{
	struct answer *answer = context;
	char *address = slack_address(answer->workspace->team, answer->user);

	if (reply->err && can_tell(answer->workspace))
		slack_person_tell(answer->workspace->frontend, address, answer->text);
	mem_free(address);
	answer_free(answer);
}

static void on_responded(void *context, const struct web_reply *reply)
{
	struct answer *answer = context;
	struct workspace *workspace = answer->workspace;
	struct buf mrkdwn = {0};

	if (!reply->err || !can_tell(workspace)) {
		answer_free(answer);
		return;
	}
	log_info(&workspace->log, "a command is answered in another way: %s", reply->problem);
	slack_mrkdwn_write(&mrkdwn, answer->text, NULL, NULL);
	const struct web_argument arguments[] = {
		{"channel", answer->channel}, {"user", answer->user}, {"text", buf_text(&mrkdwn)}};

	web_api_call(workspace->frontend->api, &(struct web_call){.method = "chat.postEphemeral",
								  .token = &workspace->token,
								  .arguments = arguments,
								  .arguments_count = ARRAY_SIZE(arguments),
								  .done = on_whispered,
								  .context = answer,
								  .drop = answer_free});
	buf_finish(&mrkdwn);
}

static void tell(const struct asking *asking, const char *text)
{
	struct workspace *workspace = asking->workspace;

	if (!can_tell(workspace))
		return;
	if (!asking->response_url) {
		slack_notice(workspace, asking->channel, asking->thread, text);
		return;
	}
	struct answer *answer = MEM_NEW_TEXT(struct answer, text, text);
	struct buf mrkdwn = {0}, json = {0};

	answer->workspace = workspace;
	answer->channel = mem_strdup(asking->channel);
	answer->user = mem_strdup(asking->user);
	slack_mrkdwn_write(&mrkdwn, text, NULL, NULL);
	buf_puts(&json, "{\"response_type\":\"ephemeral\",\"text\":");
	json_put_string(&json, buf_text(&mrkdwn));
	buf_putc(&json, '}');
	web_api_respond(workspace->frontend->api, asking->response_url, buf_text(&json), on_responded, answer,
			answer_free);
	buf_finish(&mrkdwn);
	buf_finish(&json);
}

static void reply(struct asking *asking, const char *text)
{
	tell(asking, text);
	asking_free(asking);
}

static void invite(struct workspace *workspace, const char *channel, const char *user, web_done *done, void *context,
		   void (*drop)(void *context))
{
	const struct web_argument arguments[] = {{"channel", channel}, {"users", user}};

	web_api_call(workspace->frontend->api, &(struct web_call){.method = "conversations.invite",
								  .token = &workspace->token,
								  .arguments = arguments,
								  .arguments_count = ARRAY_SIZE(arguments),
								  .done = done,
								  .context = context,
								  .drop = drop});
}

/* A call with one argument, whose answer goes on with the asking. `once`: it would be done twice. */
static void call(struct asking *asking, const char *method, struct web_argument argument, bool once, web_done *done)
{
	struct workspace *workspace = asking->workspace;

	web_api_call(workspace->frontend->api, &(struct web_call){.method = method,
								  .token = &workspace->token,
								  .arguments = &argument,
								  .arguments_count = 1,
								  .once = once,
								  .done = done,
								  .context = asking,
								  .drop = asking_free});
}

/* ------------------------------------------------------------------------------------------- command table
 */

static void answered(void *context, int err, const char *text)
{
	struct asking *asking = context;
	struct slack_frontend *frontend = asking->workspace->frontend;
	const char *said = text && *text ? text : err ? tp_error_text(err) : "Done.";
	char *whole = mem_printf(
	        "%s%s%s", said, asking->help ? own_help : "",
	        asking->has_password && !asking->response_url
	                ? "\nYour message has a password in it, and a bot may not delete what others say: "
	                  "please delete it yourself."
	                : "");

	if (!err && asking->registers)
		slack_later(frontend, slack_person_registered, asking->address);
	reply(asking, whole);
	mem_free(whole);
}

static void run_line(struct asking *asking, const char *line)
{
	struct workspace *workspace = asking->workspace;
	struct slack_frontend *frontend = workspace->frontend;
	const char *word = line + strspn(line, " \t\n");
	size_t length = strcspn(word, " \t\n");
	const char *rest = word + length + strspn(word + length, " \t\n");
	bool login = text_is_word(word, length, "login");
	struct member *member = slack_person_of(frontend, asking->address);
	char *changed = login && *rest ? mem_printf("register %s", rest) : NULL;
	/* The next line of whoever says something for the relay is for his own account. */
	bool own = strcmp(asking->address, workspace->relay) != 0;

	asking->help = text_is_word(word, length, "help") || !*word;
	asking->registers = text_is_word(word, length, "register") || (login && *rest);
	asking->has_password = command_line_has_secret(word);
	if ((asking->registers || login) && member)
		member->curious = true;
	if (login)
		slack_person_attach(frontend, asking->address);
	command_run_line(frontend->base.transport, &frontend->base, asking->address, "",
	                 changed ? changed
	                 : *word ? word
	                         : "help",
	                 own, answered, asking);
	mem_free_secret(changed);
}

/* ------------------------------------------------------------------------------------------------- rights */

static const char *const refused = "That is for administrators of this workspace";

static void on_asker(void *context, const struct web_reply *answer)
{
	struct asking *asking = context;
	struct workspace *workspace = asking->workspace;
	struct frontend *base = &workspace->frontend->base;
	char *own = slack_address(workspace->team, asking->user);

	if (!answer->err)
		member_note(workspace, json_object(answer->json, "user"));
	bool may = member_of(workspace, asking->user)->admin || base->ops->is_admin(base, own) ||
	           (asking->creator && !strcmp(asking->creator, asking->user));
	mem_free(own);
	if (may) {
		asking->then(asking);
	} else if (answer->err) {
		reply(asking, answer->problem);
	} else {
		char *text =
		        mem_printf("%s%s.", refused, asking->creator ? " and whoever made the channel" : "");

		reply(asking, text);
		mem_free(text);
	}
}

static void check_asker(struct asking *asking)
{
	call(asking, "users.info", (struct web_argument){"user", asking->user}, false, on_asker);
}

/* ------------------------------------------------------------------------------------------- link, unlink */

static struct channel *tied_here(const struct asking *asking)
{
	struct channel *channel =
	        channel_find(asking->workspace->frontend, asking->workspace->team, asking->channel, NULL);

	return channel && channel->kind == CHANNEL_PORTAL ? channel : NULL;
}

/* NULL: it can be tied to the room. To be freed. */
static char *no_room(const struct asking *asking, const char *what)
{
	if (portal_channel_fits(asking->workspace, asking->argument))
		return NULL;
	return mem_printf("%s cannot be tied to %s: channels of this workspace are tied to %d rooms already, and the "
			  "account that speaks for people is in no more. Untie one that is not needed: list shows them, "
			  "/bridge unlink, said there, unties it.",
			  what, asking->argument, LIMIT_ROOMS_PER_USER);
}

static void link_now(struct asking *asking)
{
	const struct channel *before = tied_here(asking);
	struct workspace *workspace = asking->workspace;
	struct slack_frontend *frontend = workspace->frontend;
	char *text = before ? mem_printf("This channel is tied to %s already. Untie it first: /bridge unlink", before->name)
			    : no_room(asking, "This channel");

	if (!text) {
		portal_channel_tie(workspace, asking->channel, asking->argument, asking->called, false);
		bool spoken_for = slack_person_ready(frontend, workspace->relay) != NULL;

		text = mem_printf("This channel is tied to %s now.%s", asking->argument,
		                  spoken_for ? ""
		                             : " People without an account are not heard: an administrator "
		                               "can log one in that "
		                               "speaks for them (/bridge relay login NAME).");
		slack_notice(workspace, asking->channel, NULL,
		             "This channel is tied to a room of another network now: what is said "
		             "here is read there as well.");
	}
	reply(asking, text);
	mem_free(text);
}

static void on_joined(void *context, const struct web_reply *answer)
{
	struct asking *asking = context;

	if (!answer->err || answer->err == TP_ERR_EXISTS) {
		link_now(asking);
		return;
	}
	reply(asking,
	      "I am not in this channel, and may not come in by myself. Invite me: /invite, then my name.");
}

static void enter(struct asking *asking)
{
	call(asking, "conversations.join", (struct web_argument){"channel", asking->channel}, false, on_joined);
}

static void on_channel(void *context, const struct web_reply *answer)
{
	struct asking *asking = context;
	struct arena arena = {0};
	struct slack_channel channel;
	const struct cJSON *json = json_object(answer->json, "channel");
	bool known = !answer->err && slack_channel_read(&channel, json, &arena);
	const char *creator = known ? json_text(json, "creator", &arena) : NULL;

	if (answer->err == TP_ERR_NOT_FOUND) {
		reply(asking, "I do not see this channel. Invite me: /invite, then my name.");
	} else if (known && channel.is_im) {
		reply(asking, "Say that in a channel: here we are alone.");
	} else if (known && channel.is_archived) {
		reply(asking, "This channel is archived.");
	} else {
		asking->creator = mem_strdup(creator);
		asking->then = known && channel.is_member ? link_now : enter;
		asking->called = mem_strdup(known ? channel.name : "");
		check_asker(asking);
	}
	arena_finish(&arena);
}

static void look_at_channel(struct asking *asking, web_done *done)
{
	call(asking, "conversations.info", (struct web_argument){"channel", asking->channel}, false, done);
}

static void unlink_now(struct asking *asking)
{
	struct channel *channel = tied_here(asking);

	if (!channel) {
		reply(asking, "This channel is tied to nothing.");
		return;
	}
	char *text = mem_printf("This channel is not tied to %s any more.", channel->name);

	portal_channel_untie(asking->workspace->frontend, &channel);
	slack_notice(asking->workspace, asking->channel, NULL, text);
	reply(asking, text);
	mem_free(text);
}

static void on_channel_to_unlink(void *context, const struct web_reply *answer)
{
	struct asking *asking = context;
	struct arena arena = {0};
	const char *creator = json_text(json_object(answer->json, "channel"), "creator", &arena);

	asking->creator = mem_strdup(creator);
	asking->then = unlink_now;
	check_asker(asking);
	arena_finish(&arena);
}

/* ------------------------------------------------------------------------------------------------ creating
 */

static bool is_invited(const struct web_reply *answer)
{
	return !answer->err || answer->err == TP_ERR_EXISTS;
}

static void on_invited(void *context, const struct web_reply *answer)
{
	struct asking *asking = context;
	bool invited = is_invited(answer);
	char *text = mem_printf("I have made a channel for %s, %s, %s%s%s", asking->argument, asking->called,
				invited ? "and invited you." : "but Slack does not let me invite you: ",
				invited ? "" : answer->problem, invited ? "" : ". You can come in by yourself.");

	reply(asking, text);
	mem_free(text);
}

static void on_created(void *context, const struct web_reply *answer)
{
	struct asking *asking = context;
	struct workspace *workspace = asking->workspace;
	struct arena arena = {0};
	const char *id = json_text(json_object(answer->json, "channel"), "id", &arena);

	if (answer->err || !slack_is_id(id)) {
		char *text = mem_printf("The channel could not be made: %s", answer->problem);

		reply(asking, text);
		mem_free(text);
	} else {
		const char *name = json_line(json_object(answer->json, "channel"), "name", &arena);

		portal_channel_tie(workspace, id, asking->argument, name, true);
		asking->called = mem_strdup(name ? name : id);
		invite(workspace, id, asking->user, on_invited, asking, asking_free);
	}
	arena_finish(&arena);
}

static void create_now(struct asking *asking)
{
	size_t length = strcspn(asking->argument, " \t");
	const char *wanted = asking->argument + length + strspn(asking->argument + length, " \t");
	struct buf name = {0};
	char *room = mem_strndup(asking->argument, length);

	channel_name_put(&name, *wanted ? wanted : room);
	mem_free(asking->argument);
	asking->argument = room;
	char *why_not = no_room(asking, "A channel");

	if (why_not)
		reply(asking, why_not);
	else
		call(asking, "conversations.create", (struct web_argument){"name", buf_text(&name)}, true, on_created);
	mem_free(why_not);
	buf_finish(&name);
}

/* ------------------------------------------------------------------------------------------------- showing
 */

static void show_channels(void *context, int err, const char *problem, const struct map *hidden)
{
	struct asking *asking = context;
	const struct workspace *workspace = asking->workspace;
	struct slack_frontend *frontend = workspace->frontend;
	struct map_iter it = {0};
	struct buf text = {0};

	while (!err && map_next(frontend->channels, &it)) {
		const struct channel *channel = it.value;

		if (channel_is_portal_of(channel, workspace->team) && !map_get(hidden, channel->at.id))
			buf_printf(&text, "%s%s%s - %s%s", text.len ? "\n" : "", channel->called ? "#" : "",
			           channel->called ? channel->called : channel->at.id, channel->name,
			           channel->archived   ? " (archived)"
			           : channel->left_out ? " (left out: too many rooms)"
			                               : "");
	}
	if (err)
		buf_printf(&text, "Slack does not tell me which channels you may see: %s", problem);
	reply(asking, text.len
	                      ? buf_text(&text)
	                      : "No channel is tied to a room of the network. Say in one: /bridge link ROOM");
	buf_finish(&text);
}

static void list_channels(struct asking *asking)
{
	hidden_ask(asking->workspace, asking->user, show_channels, asking, asking_free);
}

static void list_people(struct asking *asking)
{
	const struct channel *channel = tied_here(asking);
	const struct room *room =
	        channel ? portal_listener(&asking->workspace->frontend->base, channel->name) : NULL;
	struct map_iter it = {0};
	struct buf text = {0};

	while (room && map_next(room->participants, &it) && text.len < SLACK_TEXT_POST_MAX / 2) {
		const struct participant *participant = it.value;

		buf_printf(&text, "%s%s", text.len ? ", " : "", participant->nickname);
	}
	reply(asking, text.len  ? buf_text(&text)
	              : channel ? "I am not in that room of the network now."
	                        : "This channel is tied to nothing.");
	buf_finish(&text);
}

static void show_presence(struct asking *asking)
{
	static const char *const words[] = {"online", "away",    "free to chat", "away for long",
	                                    "busy",   "offline", "invisible"};
	struct slack_frontend *frontend = asking->workspace->frontend;
	const struct resource *resource = slack_person_ready(frontend, asking->address);
	const struct contact *contact =
	        resource ? roster_find(resource->identity->user->roster, asking->argument) : NULL;
	bool said = contact && contact->status_text && *contact->status_text;
	char *text =
	        contact ? mem_printf("%s is %s%s%s", contact->name,
	                             contact->status < ARRAY_SIZE(words) ? words[contact->status] : "away",
	                             said ? ": " : "", said ? contact->status_text : "")
	                : mem_strdup(resource ? "There is no such contact."
	                                      : "You have no session here. Say: login");

	reply(asking, text);
	mem_free(text);
}

static void open_chat(struct asking *asking)
{
	struct slack_frontend *frontend = asking->workspace->frontend;

	if (!*asking->argument || strlen(asking->argument) > LIMIT_NAME_BYTES) {
		reply(asking, "chat needs the name of a contact.");
		return;
	}
	bool known = slack_chat_open(frontend, asking->address, asking->argument, false) != NULL;

	slack_person_attach(frontend, asking->address);
	reply(asking, known ? "You have this chat already: a thread in your messages with me."
	                    : "I begin it: a thread in your messages with me.");
}

/* --------------------------------------------------------------------------------------------------- lines
 */

static void begin_relay(struct asking *asking)
{
	mem_replace(&asking->address, asking->workspace->relay);
	run_line(asking, asking->argument);
}

/* Commands of this frontend alone. False: none of them. */
static bool run_own(struct workspace *workspace, const char *user, const struct bot_place *place,
                    const char *word, size_t length, const char *rest)
{
	static const struct {
		const char *name;
		bool needs_room;
		void (*run)(struct asking *asking);
		web_done *looked; /* what the channel is, has to be known; NULL */
		bool for_admins;
	} commands[] = {
	        {"link", true, NULL, on_channel, false},
	        {"unlink", false, NULL, on_channel_to_unlink, false},
	        {"create", true, create_now, NULL, true},
	        {"relay", false, begin_relay, NULL, true},
	        {"list", false, list_channels, NULL, false},
	        {"people", false, list_people, NULL, false},
	        {"presence", true, show_presence, NULL, false},
	        {"chat", false, open_chat, NULL, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!text_is_word(word, length, commands[i].name))
			continue;
		bool busy = is_busy(workspace);
		struct asking *asking = ask(workspace, user, place, rest);

		asking->then = commands[i].run;
		if (busy) {
			reply(asking, too_many);
		} else if (commands[i].needs_room && (!*rest || strlen(rest) > LIMIT_NAME_BYTES)) {
			char *text = mem_printf("%s needs a name behind it.", commands[i].name);

			reply(asking, text);
			mem_free(text);
		} else if (commands[i].looked) {
			look_at_channel(asking, commands[i].looked);
		} else if (commands[i].for_admins) {
			check_asker(asking);
		} else {
			asking->then(asking);
		}
		return true;
	}
	return false;
}

/* In a channel "link" and "unlink" are about the channel. In a DM, and with a code everywhere, they are about the
 * person's addresses. */
static bool links_address(const struct bot_place *place, const char *word, size_t length, const char *rest)
{
	bool alone = place->channel && *place->channel == 'D';

	if (text_is_word(word, length, "link"))
		return alone || link_is_code(rest);
	return alone && text_is_word(word, length, "unlink");
}

static bool gives_up(const char *line)
{
	const char *word = line + strspn(line, " \t\n");
	size_t length = strcspn(word, " \t\n");

	return text_is_word(word, length, "cancel") && !word[length + strspn(word + length, " \t\n")];
}

/* Whoever says something may use Slack again; a gap may have hidden that. If it was said before, the answer is that he
 * may not. */
static void note_alive(struct workspace *workspace, const char *user)
{
	struct member *member = member_of(workspace, user);

	if (!member->deleted)
		return;
	member->deleted = false;
	member_ask(workspace, user);
}

void slack_bot_line(struct workspace *workspace, const char *user, const struct bot_place *place,
                    const char *line)
{
	const char *word = line + strspn(line, " \t\n");
	size_t length = strcspn(word, " \t\n");
	const char *rest = word + length + strspn(word + length, " \t\n");
	char *address = slack_address(workspace->team, user);
	/* Whatever it is, it is the answer, and no command. */
	const struct command_asked asked =
		command_asked(workspace->frontend->base.transport, &workspace->frontend->base, address);

	mem_free(address);
	note_alive(workspace, user);
	if (!asked.open && !links_address(place, word, length, rest) &&
	    run_own(workspace, user, place, word, length, rest))
		return;
	struct asking *asking = ask(workspace, user, place, NULL);

	if (asked.open) {
		asking->has_password = asked.secret && !gives_up(line);
		asking->registers = asked.command && !strcmp(asked.command->name, "register");
		command_run_line(workspace->frontend->base.transport, &workspace->frontend->base,
		                 asking->address, "", line, true, answered, asking);
	} else {
		run_line(asking, line);
	}
}

/* What is typed behind a slash command is escaped like all of Slack's text. */
void slack_bot_command(struct workspace *workspace, const struct slack_command *command)
{
	const struct bot_place place = {.channel = command->channel, .response_url = command->response_url};
	struct member_names names = {.workspace = workspace};
	const struct slack_names callbacks = member_names(&names);
	struct buf line = {0};

	slack_typed_read(&line, command->text, &callbacks);
	slack_bot_line(workspace, command->user, &place, buf_text(&line));
	buf_finish(&line);
	buf_finish(&names.text);
}

/* ------------------------------------------------------------------------------------------- offered rooms
 */

struct offer {
	struct workspace *workspace;
	char *address, *room;
	char *channel; /* to which he is invited; NULL */
	char user[SLACK_ID_MAX + 1];
};

static void offer_free(void *context)
{
	struct offer *offer = context;

	offer->workspace->commands--;
	mem_free(offer->address);
	mem_free(offer->channel);
	mem_free(offer->room);
	mem_free(offer);
}

static void offer_end(struct offer *offer, char *text)
{
	if (can_tell(offer->workspace))
		slack_person_tell(offer->workspace->frontend, offer->address, text);
	mem_free(text);
	offer_free(offer);
}

static void on_offered(void *context, const struct web_reply *answer)
{
	struct offer *offer = context;
	const struct workspace *workspace = offer->workspace;
	const struct channel *channel = channel_find(workspace->frontend, workspace->team, offer->channel, NULL);
	const char *title = channel && channel->called ? channel->called : offer->channel;

	offer_end(offer, answer->err == TP_ERR_EXISTS
				 ? mem_printf("You are in the channel of %s already: %s.", offer->room, title)
			 : is_invited(answer)
				 ? mem_printf("I have invited you to the channel of %s, %s.", offer->room, title)
				 : mem_printf("You are offered %s, which the channel %s is tied to; Slack does not let me invite you: %s.",
					      offer->room, title, answer->problem));
}

static void offer_channel(void *context, int err, const char *problem, const struct map *hidden)
{
	struct offer *offer = context;
	struct workspace *workspace = offer->workspace;
	const struct channel *channel =
		err ? NULL : channel_portal(workspace->frontend, workspace->team, offer->room, hidden);

	if (channel) {
		offer->channel = mem_strdup(channel->at.id);
		invite(workspace, offer->channel, offer->user, on_offered, offer, offer_free);
		return;
	}
	offer_end(offer, err ? mem_printf("Slack does not tell me which channels you may see: %s", problem)
			     : mem_printf("No channel is tied to %s yet. Say /bridge link %s in one, or make one: create %s",
					  offer->room, offer->room, offer->room));
}

void slack_bot_offer_room(struct slack_frontend *frontend, const char *address, const char *room)
{
	struct workspace *workspace = workspace_of(frontend, address);
	struct slack_address person;

	if (!workspace || !slack_address_read(&person, address))
		return;
	if (is_busy(workspace)) {
		slack_person_tell(frontend, address, too_many);
		return;
	}
	struct offer *offer = MEM_NEW(struct offer);

	workspace->commands++;
	offer->workspace = workspace;
	offer->address = mem_strdup(address);
	offer->room = mem_strdup(room);
	memcpy(offer->user, person.id, sizeof(offer->user));
	hidden_ask(workspace, offer->user, offer_channel, offer, offer_free);
}

/* ------------------------------------------------------------------------------------------ being called by name */

/* "<@U123>" or "<@U123|name>". */
static bool names(const char *text, const char *user)
{
	size_t length = strlen(user);

	for (const char *at = strstr(text, "<@"); at; at = strstr(at + 2, "<@"))
		if (!strncmp(at + 2, user, length) && (at[2 + length] == '>' || at[2 + length] == '|'))
			return true;
	return false;
}

bool slack_bot_is_called(const struct workspace *workspace, const struct slack_event *event)
{
	return event->kind == SLACK_MESSAGE && event->user && event->channel && !event->bot_id && !event->hidden_type &&
	       names(event->text, workspace->bot_user) && !workspace_is_own(workspace, event);
}

void slack_bot_called(struct workspace *workspace, const struct slack_event *event)
{
	slack_whisper(workspace, event->channel, event->thread_ts, event->user,
		      "This conversation is tied to nothing, so I do not read what is said here. My commands are taken here behind "
		      "/bridge, and in a chat with me alone: /bridge help tells what there is, /bridge link ROOM ties this "
		      "conversation to a room of the network.", 0);
}
