/* SPDX-License-Identifier: MIT */
/*
 * bench-backend: the far end of the benchmark, which does next to nothing with what it gets.
 *
 *   echo      a message to this contact comes back
 *   sink      a message to this contact is counted
 *   report    is answered with "#N M": what the sink has counted since the last report; M texts began with "@" and a
 *             number that was not above the last one's
 *   source    "COUNT USERS PREFIX": sends COUNT messages to the people PREFIX00000@..., in turn
 *   contacts  "COUNT": shows COUNT contacts of the person who asks
 *   speaker   "ROOM COUNT SPEAKERS": COUNT texts that begin with "@" and their number, said in ROOM by so many of its
 *             guests in turn
 *
 * Rooms are called crowdN and have N guests, guest00000 and so on. What one of our people says in one is counted as if
 * it were for the sink, and told to the others there.
 *
 * Rooms whose names begin with #echo, #sink, #report do the same, and take the author's name ("<name> ") off what is
 * said for somebody else; #source, told "COUNT ROOMS", says COUNT messages in the rooms #out00000..., in turn, each "@"
 * and its number. Somebody else speaks in them.
 *
 * Somebody whose address begins with cNu (c20u00001@...) has N contacts and is shown them after the login.
 * --raw echoes bytes, not frames. Anything else on the command line is the gateway's and ignored.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/frame.h"
#include "wire.h"

#define READ_BYTES (256u << 10)
#define SOURCE_BYTES (256u << 10) /* generated ahead */
#define MAX_MEMBERS 64

static struct backend {
	int fd;
	bool raw, ends;
	struct frame_reader in;
	struct buf out, payload;
	size_t sent;
	unsigned long sunk, disordered, last; /* last: number that the last text for the sink began with */
	char prefix[32];
	char domain[128];
	unsigned long source_left, source_users, source_next;
	bool source_rooms; /* it speaks in rooms, of which the one who asked is */
	char source_user[128];
	/* our people in rooms */
	struct member {
		char user[128], room[32], nickname[64];
	} members[MAX_MEMBERS];
	unsigned members_count;
} backend;

static const char text_of_source[] =
	"The quick brown fox jumps over the lazy dog, and then it rests for a while in the shade of a tree.";

/* nickname: of whom in a room; of a contact none. */
static void say(struct slice user, struct slice contact, struct slice nickname, struct slice text)
{
	buf_clear(&backend.payload);
	wire_put_bytes(&backend.payload, 1, user);
	wire_put_bytes(&backend.payload, 2, contact);
	wire_put_bytes(&backend.payload, 3, text);
	if (nickname.at)
		wire_put_bytes(&backend.payload, 4, nickname);
	wire_put_frame(&backend.out, WIRE_CONV_MESSAGE, &backend.payload);
}

static void show_contacts(struct slice user, unsigned long count)
{
	static unsigned long generation;
	char text[64];

	generation++;
	for (unsigned long i = 0; i < count; i++) {
		buf_clear(&backend.payload);
		wire_put_bytes(&backend.payload, 1, user);
		wire_put_bytes(&backend.payload, 2,
			       (struct slice){text, (size_t)snprintf(text, sizeof(text), "friend%05lu", i)});
		wire_put_bytes(&backend.payload, 3,
			       (struct slice){text, (size_t)snprintf(text, sizeof(text), "Friend %lu", i)});
		wire_put_bytes(&backend.payload, 4, SLICE("Friends"));
		wire_put_number(&backend.payload, 5, generation % 2); /* online or away: a change each time */
		wire_put_frame(&backend.out, WIRE_BUDDY_CHANGED, &backend.payload);
	}
}

/* ---- rooms ---- */

static void copy(char *out, size_t room, struct slice text)
{
	snprintf(out, room, "%.*s", (int)text.length, text.at ? text.at : "");
}

static struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static void show_participant(const struct member *member, const char *nickname, unsigned flag)
{
	buf_clear(&backend.payload);
	wire_put_bytes(&backend.payload, 1, slice_of(member->user));
	wire_put_bytes(&backend.payload, 2, slice_of(member->room));
	wire_put_bytes(&backend.payload, 3, slice_of(nickname));
	wire_put_number(&backend.payload, 4, flag);
	wire_put_number(&backend.payload, 5, 0); /* online */
	wire_put_frame(&backend.out, WIRE_PARTICIPANT_CHANGED, &backend.payload);
}

static void on_join(struct slice payload)
{
	struct member joined = {0}, *member = &joined;
	struct wire_field field;
	char guest[32];

	while (wire_next(&payload, &field)) {
		if (field.number == 1)
			copy(member->user, sizeof(member->user), field.bytes);
		else if (field.number == 2)
			copy(member->nickname, sizeof(member->nickname), field.bytes);
		else if (field.number == 3)
			copy(member->room, sizeof(member->room), field.bytes);
	}
	unsigned long guests = strncmp(member->room, "crowd", 5) == 0 ? strtoul(member->room + 5, NULL, 10) : 0;

	/* In a # room nobody is told what others say. */
	if (*member->room != '#' && backend.members_count < MAX_MEMBERS)
		backend.members[backend.members_count++] = joined;
	for (unsigned long i = 0; i < guests; i++) {
		snprintf(guest, sizeof(guest), "guest%05lu", i);
		show_participant(member, guest, 0);
	}
	show_participant(member, member->nickname, 16); /* that is you */
}

/* To all of our people there but `author`, who may be NULL. False: nobody is in there. */
static bool say_in_room(const char *room, const char *nickname, struct slice text, const struct member *author)
{
	bool found = false;

	for (unsigned i = 0; i < backend.members_count; i++) {
		const struct member *member = &backend.members[i];

		if (strcmp(member->room, room) != 0)
			continue;
		found = true;
		if (member == author)
			continue;
		say(slice_of(member->user), slice_of(room), slice_of(nickname), text);
	}
	return found;
}

static void speak(struct slice words)
{
	char line[64], room[32], nickname[32], text[160];
	unsigned long count, speakers;

	copy(line, sizeof(line), words);
	if (sscanf(line, "%31s %lu %lu", room, &count, &speakers) != 3 || !speakers)
		return;
	for (unsigned long i = 0; i < count; i++) {
		snprintf(nickname, sizeof(nickname), "guest%05lu", i % speakers);
		snprintf(text, sizeof(text), "@%010lu %s", i, text_of_source);
		say_in_room(room, nickname, slice_of(text), NULL);
	}
}

/* Whether it was for a room. */
static bool relay(struct slice user, struct slice room, struct slice text)
{
	for (unsigned i = 0; i < backend.members_count; i++) {
		const struct member *member = &backend.members[i];

		if (slice_is(user, member->user) && slice_is(room, member->room))
			return say_in_room(member->room, member->nickname, text, member);
	}
	return false;
}

static void start_source(struct slice user, struct slice words)
{
	char *text = strndup(words.at, words.length);
	const char *at = memchr(user.at, '@', user.length);

	backend.source_rooms = false;
	if (text && at &&
	    sscanf(text, "%lu %lu %31s", &backend.source_left, &backend.source_users, backend.prefix) == 3)
		snprintf(backend.domain, sizeof(backend.domain), "%.*s", (int)(user.at + user.length - at), at);
	free(text);
}

static void start_room_source(struct slice user, struct slice words)
{
	char *text = strndup(words.at, words.length);

	if (text && sscanf(text, "%lu %lu", &backend.source_left, &backend.source_users) == 2)
		snprintf(backend.source_user, sizeof(backend.source_user), "%.*s", (int)user.length, user.at);
	backend.source_rooms = true;
	free(text);
}

static void say_in_next_room(void)
{
	char room[32], text[sizeof(text_of_source) + 32];
	int room_length = snprintf(room, sizeof(room), "#out%05lu", backend.source_next % backend.source_users);
	int length = snprintf(text, sizeof(text), "@%010lu %s", backend.source_next, text_of_source);

	say((struct slice){backend.source_user, strlen(backend.source_user)},
	    (struct slice){room, (size_t)room_length}, SLICE("somebody"), (struct slice){text, (size_t)length});
	backend.source_next++;
}

static void say_to_next(void)
{
	char user[sizeof(backend.prefix) + sizeof(backend.domain) + 32];
	int length = snprintf(user, sizeof(user), "%s%05lu%s", backend.prefix, backend.source_next, backend.domain);

	say((struct slice){user, (size_t)length}, SLICE("source"), (struct slice){0},
	    (struct slice){text_of_source, sizeof(text_of_source) - 1});
	backend.source_next = (backend.source_next + 1) % backend.source_users;
}

static void run_source(void)
{
	while (backend.source_left && backend.out.len - backend.sent < SOURCE_BYTES) {
		if (backend.source_rooms)
			say_in_next_room();
		else
			say_to_next();
		backend.source_left--;
	}
}

static void sink(struct slice text)
{
	backend.sunk++;
	if (!slice_starts(text, "@"))
		return;
	/* ends at the blank behind it, or at the frame's next field */
	unsigned long number = strtoul(text.at + 1, NULL, 10);

	if (backend.sunk > 1 && number <= backend.last)
		backend.disordered++;
	backend.last = number;
}

/* "<name> text", which is how somebody is spoken for. */
static struct slice without_author(struct slice text)
{
	const char *end = slice_starts(text, "<") ? memmem(text.at, text.length, "> ", 2) : NULL;

	return end ? (struct slice){end + 2, (size_t)(text.at + text.length - end - 2)} : text;
}

/* What this contact or room does with what it is told; it answers in the room as somebody else. */
static void act(struct slice user, struct slice contact, struct slice text)
{
	struct slice name = contact, nickname = {0};
	char count[64];

	if (slice_starts(contact, "#")) {
		nickname = SLICE("somebody");
		text = without_author(text);
		name = (struct slice){contact.at + 1, contact.length - 1};
		while (name.length && name.at[name.length - 1] >= '0' && name.at[name.length - 1] <= '9')
			name.length--;
	}
	if (slice_is(name, "sink")) {
		sink(text);
	} else if (slice_is(name, "echo")) {
		say(user, contact, nickname, text);
	} else if (slice_is(name, "report")) {
		say(user, contact, nickname,
		    (struct slice){count, (size_t)snprintf(count, sizeof(count), "#%lu %lu", backend.sunk,
							   backend.disordered)});
		backend.sunk = backend.disordered = 0;
	} else if (slice_is(name, "source")) {
		backend.source_next = 0;
		if (nickname.at)
			start_room_source(user, text);
		else
			start_source(user, text);
	} else if (slice_is(name, "speaker")) {
		speak(text);
	} else if (relay(user, contact, text)) {
		sink(text);
	} else if (slice_is(name, "contacts")) {
		show_contacts(user, strtoul(text.at, NULL, 10));
	}
}

static void on_message(struct slice payload)
{
	struct slice user = {0}, contact = {0}, text = {0};
	struct wire_field field;

	while (wire_next(&payload, &field)) {
		if (field.number == 1)
			user = field.bytes;
		else if (field.number == 2)
			contact = field.bytes;
		else if (field.number == 3)
			text = field.bytes;
	}
	act(user, contact, text);
}

static void on_login(struct slice payload)
{
	struct wire_field field;
	char *end;

	if (!wire_next(&payload, &field) || field.number != 1)
		return;
	buf_clear(&backend.payload);
	wire_put_bytes(&backend.payload, 1, field.bytes);
	wire_put_frame(&backend.out, WIRE_CONNECTED, &backend.payload);
	if (!slice_starts(field.bytes, "c"))
		return;
	/* a frame is followed by the next one's length or by a NUL: strtoul stops in time */
	unsigned long contacts = strtoul(field.bytes.at + 1, &end, 10);

	if (*end == 'u')
		show_contacts(field.bytes, contacts);
}

static void on_ping(void)
{
	static const char config[] = "[registration]\nneedPassword=0\nneedRegistration=0\n[features]\nreceipts=1\nmuc=1\n";
	static bool told;
	char id[32];

	if (!told) {
		buf_clear(&backend.payload);
		wire_put_bytes(&backend.payload, 1, (struct slice){config, sizeof(config) - 1});
		wire_put_frame(&backend.out, WIRE_BACKEND_CONFIG, &backend.payload);
		told = true;
	}
	wire_put_frame(&backend.out, WIRE_PONG, NULL);
	buf_clear(&backend.payload);
	wire_put_number(&backend.payload, 1, 1000);
	wire_put_number(&backend.payload, 2, 1000);
	wire_put_number(&backend.payload, 3, 1000);
	wire_put_bytes(&backend.payload, 4,
		       (struct slice){id, (size_t)snprintf(id, sizeof(id), "%ld", (long)getpid())});
	wire_put_frame(&backend.out, WIRE_STATS, &backend.payload);
}

static void on_frame(struct slice frame)
{
	struct slice payload;
	unsigned type;

	if (!wire_open(frame, &type, &payload))
		return;
	if (type == WIRE_CONV_MESSAGE)
		on_message(payload);
	else if (type == WIRE_LOGIN)
		on_login(payload);
	else if (type == WIRE_JOIN_ROOM)
		on_join(payload);
	else if (type == WIRE_PING)
		on_ping();
	else if (type == WIRE_EXIT)
		backend.ends = true;
}

static void read_input(void)
{
	size_t room;
	char *at = frame_room(&backend.in, READ_BYTES, &room);
	ssize_t count = recv(backend.fd, at, room, MSG_DONTWAIT);
	const uint8_t *frame;
	size_t length;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) {
		backend.ends = true;
		return;
	}
	if (backend.raw) {
		buf_append(&backend.out, at, (size_t)count);
		return;
	}
	frame_filled(&backend.in, (size_t)count);
	while (!backend.ends && frame_next(&backend.in, &frame, &length) == 1)
		on_frame((struct slice){(const char *)frame, length});
}

static void write_output(void)
{
	ssize_t count = send(backend.fd, backend.out.data + backend.sent, backend.out.len - backend.sent,
			     MSG_DONTWAIT | MSG_NOSIGNAL);

	if (count < 0 && errno != EAGAIN && errno != EINTR)
		backend.ends = true;
	if (count > 0)
		backend.sent += (size_t)count;
	if (backend.sent > backend.out.len / 2) {
		buf_consume(&backend.out, backend.sent);
		backend.sent = 0;
	}
}

static int connect_gateway(int argc, char **argv)
{
	const char *inherited = getenv("LIBTRANSPORT_FD");
	struct sockaddr_in address = {.sin_family = AF_INET};

	if (inherited)
		return (int)strtol(inherited, NULL, 10);
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--port") == 0)
			address.sin_port = htons((uint16_t)strtoul(argv[i + 1], NULL, 10));
		else if (strcmp(argv[i], "--host") == 0)
			inet_pton(AF_INET, argv[i + 1], &address.sin_addr);
	}
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("bench-backend: connect");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		backend.raw = backend.raw || strcmp(argv[i], "--raw") == 0;
	backend.fd = connect_gateway(argc, argv);
	frame_reader_init(&backend.in, FRAME_MAX_DEFAULT);
	while (!backend.ends) {
		struct pollfd watch = {.fd = backend.fd, .events = POLLIN};

		run_source();
		if (backend.out.len)
			write_output();
		if (backend.out.len)
			watch.events |= POLLOUT;
		if (poll(&watch, 1, backend.source_left && !backend.out.len ? 0 : -1) < 0 && errno != EINTR)
			break;
		if (watch.revents & ~POLLOUT)
			read_input();
	}
	frame_reader_finish(&backend.in);
	buf_finish(&backend.out);
	buf_finish(&backend.payload);
	return 0;
}
