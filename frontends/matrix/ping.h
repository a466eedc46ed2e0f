/* SPDX-License-Identifier: MIT */
/*
 * The homeserver is asked to see whether it reaches us (Matrix 1.7, MSC2659), which ends its back-off: what it has
 * for us comes at once. One that knows only the path of the time before is asked there. One that knows none comes in
 * its own time; that is said in the log.
 */
#pragma once

struct matrix_frontend;

void matrix_ping(struct matrix_frontend *frontend);
