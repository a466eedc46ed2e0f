/* SPDX-License-Identifier: MIT */
/* The spool's system calls with failures at will. Set and read from the loop thread while nothing is under
 * way, but for the errors, which may be changed at any time. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct faults {
	atomic_int open, write, read, reserve, sync, unlink; /* errno to fail with; 0: works */
	atomic_int partial;                                  /* a failing write writes so many bytes before */
	atomic_llong disk_bytes;                             /* what the disk can hold; 0: no limit */
	atomic_llong used_bytes;
	atomic_int syncs;
};

extern struct faults faults;

void faults_begin(void); /* all works, and spool_files is ours */
void faults_end(void);
