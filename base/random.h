/* SPDX-License-Identifier: MIT */
/* Randomness from the kernel. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t count);
/* `length` characters of [a-z2-7] and a NUL: at 5 bits each, 26 make 130 bits. out holds length + 1. */
void random_token(char *out, size_t length);
