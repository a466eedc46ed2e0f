/* SPDX-License-Identifier: MIT */
/*
 * The NetworkPluginServer: starts, watches and stops backends, and gives each user one.
 *
 * Every spawn has two ways to talk: an inherited socketpair (environment LIBTRANSPORT_FD) and a loopback
 * listener of its own for programs that only know --host and --port; that listener takes only a process of
 * the spawn's own session. The first valid frame decides, the other way is closed.
 */
#pragma once

#include "base/buf.h"
#include "transport/backend/backend.h"

struct network_plugin_server;
struct transport;
struct user;

/* Whether the program of service.backend is there, as a start would find it. 0 or an error with a sentence. */
int network_plugin_server_check(const struct transport *transport, struct buf *error);
/* Starts the first backend. 0 or an error with a sentence (the program does not exist, is not executable). */
int network_plugin_server_start(struct transport *transport, struct network_plugin_server **server,
                                struct buf *error);
/* EXIT to every backend, SIGTERM after 2 s, SIGKILL after 4 s; calls stopped when all are reaped and closed.
 */
void network_plugin_server_stop(struct network_plugin_server *server, void (*stopped)(void *), void *context);
/* The same, but backends that can outlive us are only let go of, with their sessions. */
void network_plugin_server_leave(struct network_plugin_server *server, void (*stopped)(void *), void *context);
void network_plugin_server_destroy(struct network_plugin_server **server);

struct service_config;
bool backend_host_is_loopback(const char *host);
/* service.backend_host if it is a loopback address, else 127.0.0.1. */
const char *backend_host_choose(const struct service_config *service);

/* Gives the user a backend, now or later: user_backend_assigned is called, possibly before this returns. The
 * user waits in a queue meanwhile. */
void network_plugin_server_assign(struct network_plugin_server *server, struct user *user);
/* The user needs no backend any more (LOGOUT was sent by the caller if needed), or none any longer if it
 * waited. Clears user->backend. */
void network_plugin_server_release(struct network_plugin_server *server, struct user *user);

/* While held no backend is read: what is read has nowhere to go. */
void network_plugin_server_hold(struct network_plugin_server *server, bool hold);

/* Maintenance: a backend without users ends at once, and none is started without users that wait. */
void network_plugin_server_empty(struct network_plugin_server *server, bool empty);
/* The [service] keys that may change at run time have changed. */
void network_plugin_server_reconfigure(struct network_plugin_server *server);

struct backend *
network_plugin_server_first(const struct network_plugin_server *server); /* for listing; NULL */
struct backend *network_plugin_server_next(const struct network_plugin_server *server,
                                           const struct backend *backend);
/* NULL: it is gone. */
struct backend *network_plugin_server_find(const struct network_plugin_server *server, unsigned serial);
unsigned network_plugin_server_count(const struct network_plugin_server *server);
unsigned network_plugin_server_waiting(const struct network_plugin_server *server); /* users in the queue */

/* service.backend split into words: popt's quoting (' and ", backslash), no shell; BACKEND_ID replaced by
 * number. NULL-terminated, one allocation per word plus the array (free with backend_command_free); NULL: bad
 * quoting. */
char **backend_command_split(const char *command, unsigned number);
void backend_command_free(char **words);
