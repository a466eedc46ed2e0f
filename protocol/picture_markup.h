/* SPDX-License-Identifier: MIT */
/*
 * Pictures of XHTML-IM (XEP-0071, 7.7: <img src="https://...">), which is how backends without attachments have them
 * (libpurple's), and how emoji come that are pictures (":name:" in their `alt`). Clients show files better than markup.
 */
#pragma once

struct arena;
struct event;

/* `event` itself, or `copy` made of it: its message has the first LIMIT_MARKUP_PICTURES pictures of its markup as
 * attachments, each once, and no markup any more if there is nothing else in it. Emoji among words stay there. What is
 * new is in the arena. */
const struct event *picture_markup_read(const struct event *event, struct event *copy, struct arena *arena);
