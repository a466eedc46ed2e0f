/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_crc.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define POLYNOMIAL 0x82f63b78u /* bits reversed */

static uint32_t table[8][256]; /* [n][byte]: the effect of `byte` with n more bytes behind it */
static bool by_instruction;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static void prepare(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		table[0][byte] = crc;
	}
	for (uint32_t byte = 0; byte < 256; byte++)
		for (int n = 1; n < 8; n++)
			table[n][byte] = table[n - 1][byte] >> 8 ^ table[0][table[n - 1][byte] & 0xff];
#if defined(__x86_64__)
	by_instruction = __builtin_cpu_supports("sse4.2");
#endif
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *at,
                                                                     size_t size)
{
	uint64_t word, wide = ~crc;

	for (; size >= 8; at += 8, size -= 8) {
		memcpy(&word, at, 8);
		wide = _mm_crc32_u64(wide, word);
	}
	crc = (uint32_t)wide;
	while (size--)
		crc = _mm_crc32_u8(crc, *at++);
	return ~crc;
}
#endif

uint32_t spool_crc_by_table(uint32_t crc, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	pthread_once(&prepared, prepare);
	crc = ~crc;
	for (; size >= 8; at += 8, size -= 8) {
		crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
		crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^ table[5][crc >> 16 & 0xff] ^
		      table[4][crc >> 24] ^ table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^
		      table[0][at[7]];
	}
	while (size--)
		crc = crc >> 8 ^ table[0][(crc ^ *at++) & 0xff];
	return ~crc;
}

uint32_t spool_crc(uint32_t crc, const void *bytes, size_t size)
{
	pthread_once(&prepared, prepare);
#if defined(__x86_64__)
	if (by_instruction)
		return crc_by_instruction(crc, bytes, size);
#endif
	return spool_crc_by_table(crc, bytes, size);
}
