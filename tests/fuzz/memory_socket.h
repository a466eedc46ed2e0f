/* SPDX-License-Identifier: MIT */
/*
 * Sockets that are in memory: what a target reads and writes without the kernel, whose share would be nine tenths
 * of the time of an input. recv, send, shutdown, close, accept4, uv_poll_start and their like reach them by their
 * descriptor (the linker's --wrap, in meson.build); all other descriptors are the kernel's as ever. They behave as
 * connected Unix stream sockets that do not block (unix(7)): what was sent before an end was closed can still be
 * read, then comes the end, and who sends to a closed one is told EPIPE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Two that are connected with each other. The same inputs get the same descriptors. */
void memory_socket_pair(int fds[2]);
/* One on which is listened; as many can wait as there are sockets. */
int memory_socket_listen(void);
/* Connects with it; the other end comes from accept4(). */
int memory_socket_connect(int listener);
/* What is sent to `fd` waits there up to so many bytes; send() takes less, or has to be tried again. 0, as at
 * first: any number. */
void memory_socket_limit(int fd, size_t bytes);
/* One turn of a loop that has only uv_poll_t of such sockets: each is told once what it is watched for and can do, and
 * those that were closed are told so. False: there was nothing to tell. */
bool memory_socket_turn(void);
/* How many are not closed. */
size_t memory_socket_count(void);
