/* SPDX-License-Identifier: MIT */
/* Connections on loopback as a load generator needs them: those that it accepts, and those that it makes. What comes
 * and goes is collected in buffers; HTTP is read as far as to tell where a message ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define PIPES 64

struct pipe {
	int fd; /* -1: none */
	struct buf in, out;
	size_t sent; /* of out */
};

struct pipes {
	int listener;
	unsigned port;
	struct pipe all[PIPES];
	/* Something has come, or the other side has ended (there: false; it is closed afterwards, unless it was). */
	void (*serve)(void *context, struct pipe *pipe, bool there);
	void *context;
};

/* Listens on a free port. Exits on an error. */
void pipes_listen(struct pipes *pipes);
/* A connection to that port. Exits on an error. */
struct pipe *pipes_connect(struct pipes *pipes, unsigned port);
void pipes_close(struct pipes *pipes);
/* Writes what there is, waits up to timeout_ms for something to come, and has it served. */
void pipes_turn(struct pipes *pipes, int timeout_ms);
void pipe_close(struct pipe *pipe);
/* False: it is gone. */
bool pipe_write(struct pipe *pipe);

/* The length of the first HTTP message in there, whose body begins at *body; 0: it is not whole yet. */
size_t http_message(const struct buf *in, size_t *body);
/* Where a line of its head begins like that ("\r\nname: value"), whatever the case; NULL: there is none. */
const char *http_header(const struct buf *in, size_t head, const char *line);
/* A part of a URL or a form, without %XX and +, up to `end`; cut where there is no more room. */
void http_decode(char *out, size_t room, const char *from, const char *end);
