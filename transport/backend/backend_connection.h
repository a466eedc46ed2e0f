/* SPDX-License-Identifier: MIT */
/*
 * A stream socket to a backend. What arrives in a loop turn is read, decoded and dispatched at once; what is
 * to be sent is collected and written once, before the loop sleeps again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "protocol/event.h"

struct backend;
struct backend_connection;
struct network_plugin_server;

/* Takes `fd` (connected, non-blocking) over; NULL (and fd closed) if the loop cannot watch it. `way` is for
 * the log and not copied. The connection is appended to backend->candidates. */
struct backend_connection *backend_connection_open(struct backend *backend, int fd, const char *way);
/* Closes; what was queued and not written is lost. *connection becomes NULL. The memory lives until the loop
 * has closed the handle, so closing from inside a dispatched event is safe. */
void backend_connection_close(struct backend_connection **connection);
/* Candidate no longer: it is the backend's. */
void backend_connection_adopt(struct backend_connection *connection);

/* As backend_send. */
int backend_connection_send(struct backend_connection *connection, const struct event *event);
/* What is told as taken has changed: HANDOVER is written at the end of the loop turn. */
void backend_connection_acknowledge_soon(struct backend_connection *connection);
size_t backend_connection_queued(const struct backend_connection *connection);
/* No more is sent: the sending side is shut down once the queue is written. */
void backend_connection_finish(struct backend_connection *connection);
/* Handles the frame again that could not be taken, if there is one, and those that came after it. */
void backend_connection_retry(struct backend_connection *connection);
void backend_connection_set_reading(struct backend_connection *connection, bool on);
bool backend_connection_is_reading(const struct backend_connection *connection);
/* Reads what the kernel still has of a process that is gone. */
void backend_connection_drain(struct backend_connection *connection);
/* Whether a frame has begun more than `limit_ms` ago and has not ended. */
bool backend_connection_is_slow(const struct backend_connection *connection, uint64_t now_ms,
                                uint64_t limit_ms);
const char *backend_connection_way(const struct backend_connection *connection);
struct backend_connection *backend_connection_from_link(struct list *link);

/* Writes what the loop turn has collected, and goes on with input that was held back. */
void backend_connection_flush_all(struct network_plugin_server *server);
/* Whether it would write to a backend that answers: what that is told of has to be on record. */
bool backend_connection_any_answers(const struct network_plugin_server *server);
