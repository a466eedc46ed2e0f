/* SPDX-License-Identifier: MIT */
/*
 * Pictures of XHTML-IM (XEP-0071, 7.7: <img src="https://...">), which is how backends without attachments have them
 * (libpurple's). In Matrix a picture is media of the homeserver, so they are shown as attachments are.
 */
#pragma once

struct arena;
struct event;

/* `event` itself, or `copy` made of it: its message has the first LIMIT_MATRIX_PICTURES pictures of its markup as
 * attachments, each once, and no markup any more if there is nothing else in it. What is new is in the arena. */
const struct event *picture_markup_read(const struct event *event, struct event *copy, struct arena *arena);
