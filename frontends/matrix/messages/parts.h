/* SPDX-License-Identifier: MIT */
/*
 * Messages that are several events here: a text with files, or one that is too long for an event. The first of them
 * stands for the message (its head); here are the others, its parts, so that they go when it is taken back, and what
 * people say about one of them is about the message. Kept in the message map, up to LIMIT_MATRIX_PARTS of a message.
 *
 * A head that is a file stands among the parts as well. Where an edit has made a file, or another one, of the message,
 * its head is buried: redacted, and yet the message's name. What stands for it in the room is the first of its parts.
 * Where an edit has made a text of a message of nothing but files, its head is that text from then on.
 */
#pragma once

#include "base/arena.h"
#include "frontends/matrix/matrix.h"

/* What the events of one message on their way have in common; counted. */
struct parts;

/* `head`: the event that an edit changes; NULL: it is named by parts_set_head. `record`: what they come from. */
struct parts *parts_create(const char *head, uint64_t record);
struct parts *parts_hold(struct parts *parts);
/* *parts becomes NULL; NULL is fine. */
void parts_release(struct parts **parts);
/* The homeserver has named the first one. Nothing changes if there is a head. */
void parts_set_head(struct parts *parts, const char *event_id);
/* It has named another one, or the head is a file; without a head nothing is noted. `file`: which
 * (parts_file), 0: text. */
void parts_note(const struct matrix_frontend *frontend, const struct parts *parts, const char *event_id, uint64_t file);
/* What knows a file again: of its URL, but of ours without the signature. Never 0. */
uint64_t parts_file(const char *url, bool is_ours);

struct part {
	const char *event_id;
	bool is_file, is_buried;
	uint64_t record; /* that it came from, or was buried by */
	uint64_t file;   /* 0: not known, or none */
};
/* All parts of this head, in the order in which they came; at most LIMIT_MATRIX_PARTS. Texts live in the arena. */
size_t parts_of(const struct matrix_frontend *frontend, const char *head, struct part *list, struct arena *arena);
/* The head is being redacted, by this record. */
void parts_bury(const struct matrix_frontend *frontend, const char *head, uint64_t record);
/* The head, which was a file, is being edited into a text, by this record; a buried one stays so. */
void parts_reword(const struct matrix_frontend *frontend, const char *head, uint64_t record);
/* Whether an edit before this record has buried the head; NULL: no. */
bool parts_are_buried(const struct matrix_frontend *frontend, const char *head, uint64_t record);
/* Whether there were files beside the head before this record. */
bool parts_had_files(const struct matrix_frontend *frontend, const char *head, uint64_t record);
/* Whether the message was nothing but files before this record (0: there is none). */
bool parts_are_files(const struct matrix_frontend *frontend, const char *head, uint64_t record);
/* What people see of the message of this head: itself, or another one if it was buried; in the arena. NULL itself. */
const char *parts_standing(const struct matrix_frontend *frontend, const char *head, struct arena *arena);
/* That event is redacted. Nothing happens if it is no part. */
void parts_forget(const struct matrix_frontend *frontend, const char *event_id);
/* The head of a message that this event is a part of, in the arena; any other event, and NULL, itself. */
const char *parts_whole(const struct matrix_frontend *frontend, const char *event_id, struct arena *arena);
