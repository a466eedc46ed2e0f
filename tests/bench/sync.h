/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* What the disk needs: appends `bytes` to a new file and calls fdatasync, `count` times, and prints the times and the
 * processor time of it all. False: the file cannot be written. */
bool sync_measure(unsigned long count, unsigned long bytes, const char *path);
