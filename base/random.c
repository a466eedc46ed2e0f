/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"

void random_bytes(void *out, size_t count)
{
	char *at = out;

	while (count) {
		ssize_t got = getrandom(at, count, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			/* Going on with guessable secrets would be worse than not going on. */
			log_error(NULL, "no randomness from the kernel: %s", strerror(errno));
			abort();
		}
		at += got;
		count -= (size_t)got;
	}
}

/* A call of the kernel costs more than a message does otherwise, so tokens are cut from a supply. Each thread has its
 * own; what was used is wiped. */
#define SUPPLY_BYTES 1024

static _Thread_local unsigned char supply[SUPPLY_BYTES];
static _Thread_local size_t supplied;

/* A child would have the same tokens as its parent. */
static void forget_supply(void)
{
	explicit_bzero(supply, sizeof(supply));
	supplied = 0;
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, forget_supply);
}

void random_token(char *out, size_t length)
{
	static const char alphabet[36] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static pthread_once_t watched = PTHREAD_ONCE_INIT;
	size_t done = 0, have;

	pthread_once(&watched, watch_forks);
	have = supplied;
	while (done < length) {
		if (!have) {
			random_bytes(supply, sizeof(supply));
			have = sizeof(supply);
		}
		unsigned char byte = supply[--have];

		supply[have] = 0;
		/* 252 is the largest multiple of 36 in a byte: above it the first letters would be likelier.
		 */
		if (byte < 252)
			out[done++] = alphabet[byte % 36];
	}
	supplied = have;
	out[length] = '\0';
}
