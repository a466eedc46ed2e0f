/* SPDX-License-Identifier: MIT */
/*
 * The two ends of transport-irc for tests: the gateway, which speaks frames over a socketpair and writes down
 * what comes as lines of text, and a peer on IRC, a client of a real server or a scripted server itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "protocol/codec.h"
#include "protocol/frame.h"

struct gateway {
	pid_t pid;
	int fd;
	enum codec_dialect dialect;
	int listener; /* where the program is found when this gateway has died */
	char folder[64], path[96];
	struct frame_reader reader;
	struct buf log; /* everything that came */
	size_t seen;    /* up to where it was expected */
};

/* Starts the program with these further arguments (NULL-terminated). */
void gateway_start(struct gateway *gateway, const char *program, const char *const *arguments);
/* Announces the extension, and tells the program to hold its sessions. */
void gateway_extend(struct gateway *gateway);
/* The gateway dies, and another one takes over that user's session. */
void gateway_die(struct gateway *gateway);
void gateway_attach(struct gateway *gateway, const char *user);
/* Says goodbye and checks that the program ends well. */
void gateway_stop(struct gateway *gateway);
void gateway_send(struct gateway *gateway, const struct event *event);
void gateway_login(struct gateway *gateway, const char *user, const char *name, const char *password);
void gateway_join(struct gateway *gateway, const char *user, const char *room, const char *nickname);
void gateway_message(struct gateway *gateway, const char *user, const char *name, const char *text,
                     const char *xhtml);
/* The same, to be answered: the log says "done NUMBER ID" or "refused NUMBER ERROR SENTENCE". */
void gateway_number(struct gateway *gateway, uint64_t number, const char *user, const char *name,
                    const char *text);
/* Waits until a line of the log behind the last expected one contains `text`. */
void gateway_expect(struct gateway *gateway, const char *text);
/* Whether what came so far (and was not expected yet) contains `text`. */
bool gateway_has(const struct gateway *gateway, const char *text);
/* Asks the program for a sign of life: all that it had to say before has come then. */
void gateway_settle(struct gateway *gateway);

struct peer {
	int fd;
	struct buf in;
	size_t seen;
};
void peer_connect(struct peer *peer, int port); /* tries until somebody listens */
int peer_listen(int *port);
void peer_accept(struct peer *peer, int listener);
void peer_close(struct peer *peer);
void peer_send(struct peer *peer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void peer_expect(struct peer *peer, const char *text);
bool peer_has(const struct peer *peer, const char *text);
/* Registers with a server, joins a channel unless NULL. */
void peer_login(struct peer *peer, int port, const char *nick, const char *channel);

int free_port(void);
