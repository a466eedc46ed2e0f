/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli; RFC 3720, B.4): by the processor's instruction where it has one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc` (0 at the start), so that crc(crc(0, a), b) is that of a and b in one piece. */
uint32_t spool_crc(uint32_t crc, const void *bytes, size_t size);
/* The same by table, whatever the processor can: for the test that both agree. */
uint32_t spool_crc_by_table(uint32_t crc, const void *bytes, size_t size);
