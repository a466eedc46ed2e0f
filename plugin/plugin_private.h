/* SPDX-License-Identifier: MIT */
/* What the files of plugin/ share. Not installed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "plugin/plugin.h"
#include "protocol/frame.h"

struct plug {
	const struct plug_options *options;
	const struct plug_ops *ops;
	void *context;
	struct log log;
	struct config *config;
	char *jid;
	int backend_id;

	int fd; /* non-blocking socket; open until plug_destroy */
	struct frame_reader in;
	struct arena arena; /* the event being handled */
	struct buf out;
	size_t out_start;   /* of what the kernel has not taken */
	int64_t initial_kb; /* resident set at plug_create */
	bool greeted;       /* BACKEND_CONFIG was sent */
	bool deaf;          /* a write failed: nobody reads us, the end is about to be read */
	bool over;          /* ops.exit was called */
	int exit_status;
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

/* ---- receive.c ---- */
/* Handles one frame of the gateway: answers it or gives it to the callback of its kind. */
void receive_frame(struct plug *plug, const uint8_t *frame, size_t length);
/* Resident set and the shared part of it; 0 where /proc is not there. */
void receive_memory(int64_t *resident_kb, int64_t *shared_kb);

/* ---- plugin.c ---- */
/* The gateway said goodbye or is gone: calls ops.exit, once. */
void plug_end(struct plug *plug, int exit_status);
