/* SPDX-License-Identifier: MIT */
/*
 * Places where a test can let the process die: built with -Dcrash_points=true, else nothing is left of them. With
 * LIBTRANSPORT_CRASH_AT=NAME:COUNT:FILE in the environment the process kills itself, by SIGKILL, when it comes to
 * the point NAME for the COUNT-th time, if it can remove FILE: so it happens once, and not again in the process
 * that follows.
 */
#pragma once

#ifdef CRASH_POINTS
void crash_point(const char *name);
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif
