/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <errno.h>
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

void random_token(char *out, size_t length)
{
	static const char alphabet[36] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char bytes[64];
	size_t have = 0, done = 0;

	while (done < length) {
		if (!have) {
			random_bytes(bytes, sizeof(bytes));
			have = sizeof(bytes);
		}
		have--;
		/* 252 is the largest multiple of 36 in a byte: above it the first letters would be likelier.
		 */
		if (bytes[have] < 252)
			out[done++] = alphabet[bytes[have] % 36];
	}
	out[length] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}
