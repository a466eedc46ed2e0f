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
#define GROUP_BYTES 5
#define GROUP_LETTERS 8

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

/* Five random bytes are eight letters. */
static void put_letters(char *out, size_t count, const unsigned char *bytes)
{
	static const char alphabet[32] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t bits = 0;

	for (size_t i = 0; i < GROUP_BYTES; i++)
		bits = bits << 8 | bytes[i];
	for (size_t i = 0; i < count; i++, bits >>= 5)
		out[i] = alphabet[bits & 31];
}

void random_token(char *out, size_t length)
{
	static pthread_once_t watched = PTHREAD_ONCE_INIT;

	pthread_once(&watched, watch_forks);
	for (size_t done = 0; done < length; done += GROUP_LETTERS) {
		if (supplied < GROUP_BYTES) {
			random_bytes(supply, sizeof(supply));
			supplied = sizeof(supply);
		}
		supplied -= GROUP_BYTES;
		put_letters(out + done, length - done < GROUP_LETTERS ? length - done : GROUP_LETTERS, supply + supplied);
		memset(supply + supplied, 0, GROUP_BYTES);
	}
	out[length] = '\0';
}
