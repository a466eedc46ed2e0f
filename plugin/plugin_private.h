/* SPDX-License-Identifier: MIT */
/* What the files of plugin/ share. Not installed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "plugin/keep.h"
#include "plugin/plugin.h"
#include "plugin/sessions.h"
#include "plugin/verdicts.h"
#include "protocol/frame.h"

enum plug_link {
	LINK_GATEWAY,   /* connected, all is sent */
	LINK_HELD,      /* the gateway is gone: a new one may connect to attach_fd */
	LINK_CANDIDATE, /* somebody has, and has not shown the token yet */
	LINK_ATTACHED,  /* it is a gateway: the sessions are being handed to it, and what is kept waits for that */
};

struct plug {
	const struct plug_options *options;
	const struct plug_ops *ops;
	void *context;
	struct log log;
	struct config *config;
	char *jid;
	int backend_id;

	enum plug_link link;
	int fd;       /* non-blocking socket of the gateway or candidate, or -1 */
	int stale_fd; /* the one before: closed in the next plug_dispatch, when nobody watches it any more; or -1 */
	struct frame_reader in;
	struct arena arena; /* the event being handled */
	struct buf out;
	size_t out_start;   /* of what the kernel has not taken */
	int64_t initial_kb; /* resident set at plug_create */
	bool greeted;       /* BACKEND_CONFIG was sent */
	bool extended;      /* the gateway has announced the extension */
	bool deaf;          /* a write failed: nobody reads us, the end is about to be read */
	bool full;          /* as plug_full said */
	bool broken;        /* far too much is kept: the end */
	bool over;          /* ops.exit was called */
	int exit_status;

	struct keep keep;         /* of our frames */
	struct verdicts verdicts; /* about the gateway's */
	uint64_t handling;        /* number of the frame whose callback runs; 0 */
	struct sessions sessions;

	int attach_fd;            /* inherited, listening; or -1 */
	char *core_token, *backend_token; /* NULL: not to be held */
	uint32_t hold_seconds;
	int output_fd;            /* of a candidate: where it wants our output; or -1 */
	uint64_t hold_end, candidate_end; /* clock_ms */
	bool snapshot;            /* ops.resync runs: state goes out at once, as known before */
};

/* ---- arguments.c ---- */
struct plug_arguments {
	const char *host, *port, *jid, *path; /* of argv; NULL: not given */
	int backend_id;                       /* 0: not given */
	bool help;
};

/* Overrides go into `config`. 0, or TP_ERR_INVALID and a complaint in `error`. */
int arguments_parse(struct plug_arguments *arguments, struct config *config, int argc, char **argv,
		    struct buf *error);
void arguments_print_help(const struct plug_options *options);

/* ---- connect.c ---- */
/* A connected, non-blocking, close-on-exec socket, or -1 and a complaint in `error`. */
int connect_gateway(const struct plug_arguments *arguments, const struct log *log, struct buf *error);
/* The inherited socket on which a new gateway finds us, non-blocking and close-on-exec; -1: there is none. */
int connect_attach_socket(const struct log *log);

/* ---- receive.c ---- */
/* Handles one frame of the gateway: answers it or gives it to the callback of its kind. */
void receive_frame(struct plug *plug, const uint8_t *frame, size_t length);
void receive_send_config(struct plug *plug);
/* Resident set and the shared part of it; 0 where /proc is not there. */
void receive_memory(int64_t *resident_kb, int64_t *shared_kb);

/* ---- hold.c ---- */
/* The connection ended without a goodbye. False: there is nothing to hold, or nobody who would come. */
bool hold_begin(struct plug *plug);
/* Lets a new gateway in; ends the program when none came in time. In LINK_HELD and LINK_CANDIDATE. */
void hold_dispatch(struct plug *plug);
/* What the gateway says about it: HOLD and RESUME. */
void hold_order(struct plug *plug, const struct event_hold *hold);
void hold_resume(struct plug *plug, const struct event_resume *resume);

/* ---- output.c ---- */
/* Tells the gateway which of its frames are answered. */
void output_verdicts(struct plug *plug);
/* Queues all that is kept, for a gateway that does not have it. */
void output_kept(struct plug *plug);
/* The gateway has taken our frames up to this number. */
void output_taken(struct plug *plug, uint64_t up_to);
void output_drop(struct plug *plug); /* what was meant for a connection that is gone */

/* ---- plugin.c ---- */
/* If it is open: then it is -1. */
void plug_close(int *fd);
/* The gateway said goodbye or is gone: calls ops.exit, once. */
void plug_end(struct plug *plug, int exit_status);
/* Handles the frames that have been read. */
void plug_take_frames(struct plug *plug);
/* Another socket takes the place of plug->fd (-1: none); the old one is shut down. Forgets what was read. */
void plug_switch(struct plug *plug, int fd, uint32_t frame_limit);
