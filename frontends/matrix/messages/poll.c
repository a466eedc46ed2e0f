/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/poll.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/person.h"
#include "transport/spool/spool.h"

#define NOTES "matrix poll"
#define QUESTION_BYTES 100 /* of it, in what is said of a vote */

/* A note: {"question":, "room":, "by":, "at":, "most":, "hidden":, "over":, "answers":{ID:TEXT},
 * "votes":{USER:[NAME, ID ...]}}, all but `votes` as struct matrix_poll has it; room: where, by: who asks, at: when it
 * was noted. */

static void put_answers(struct buf *out, const struct matrix_poll *poll)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < poll->answers_count; i++) {
		if (i)
			buf_putc(out, ',');
		json_put_string(out, poll->answers[i].id);
		buf_putc(out, ':');
		json_put_string(out, poll->answers[i].text);
	}
	buf_putc(out, '}');
}

struct oldest {
	char *name;
	int64_t at;
	size_t count;
};

static void look_at(void *context, const char *name, const void *value, size_t size)
{
	struct oldest *oldest = context;
	struct cJSON *note = json_read(value, size);
	int64_t at = json_number(note, "at", 0);

	if (!oldest->count++ || at < oldest->at) {
		mem_replace(&oldest->name, name);
		oldest->at = at;
	}
	json_free(&note);
}

static void make_room(struct spool *spool)
{
	struct oldest oldest = {0};

	spool_note_each(spool, NOTES, "", look_at, &oldest);
	if (oldest.count >= LIMIT_MATRIX_POLLS)
		spool_note_set(spool, NOTES, oldest.name, NULL, 0);
	mem_free(oldest.name);
}

void poll_note(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	struct spool *spool = frontend->base.transport->spool;
	const struct matrix_poll *poll = event->poll;
	struct buf note = {0};

	if (!poll || !poll->question)
		return;
	make_room(spool);
	buf_puts(&note, "{\"question\":");
	json_put_string(&note, poll->question);
	buf_puts(&note, ",\"room\":");
	json_put_string(&note, event->room);
	buf_puts(&note, ",\"by\":");
	json_put_string(&note, event->sender);
	buf_printf(&note, ",\"at\":%" PRId64 ",\"most\":%u,\"hidden\":%s,\"over\":false,\"answers\":", clock_wall_ms(),
	           poll->most, poll->is_hidden ? "true" : "false");
	put_answers(&note, poll);
	buf_puts(&note, ",\"votes\":{}}");
	spool_note_set(spool, NOTES, event->id, note.data, note.len);
	buf_finish(&note);
}

/* ---------------------------------------------------------------------------------------------------- votes */

/* [NAME, ID ...] */
static void put_vote(struct buf *out, const char *name, const char *const *ids, size_t count)
{
	buf_putc(out, '[');
	json_put_string(out, name);
	for (size_t i = 0; i < count; i++) {
		buf_putc(out, ',');
		json_put_string(out, ids[i]);
	}
	buf_putc(out, ']');
}

static void put_member(struct buf *out, const char *name, const struct cJSON *value, bool *first)
{
	if (!*first)
		buf_putc(out, ',');
	*first = false;
	json_put_string(out, name);
	buf_putc(out, ':');
	if (value)
		json_put(out, value);
}

/* The note with this vote in place of what the person had; `ids` NULL: with the poll over. */
static void write_note(struct spool *spool, const char *poll, const struct cJSON *note, const char *user,
                       const char *name, const char *const *ids, size_t count)
{
	struct arena arena = {0};
	struct buf out = {0};
	bool first = true, first_vote = true;

	buf_putc(&out, '{');
	for (const struct cJSON *item = json_first(note); item; item = json_next(item)) {
		const char *key = json_name(item, &arena);

		if (key && strcmp(key, "votes") != 0 && (ids || strcmp(key, "over") != 0))
			put_member(&out, key, item, &first);
	}
	if (!ids)
		buf_puts(&out, ",\"over\":true");
	buf_puts(&out, ",\"votes\":{");
	for (const struct cJSON *item = json_first(json_object(note, "votes")); item; item = json_next(item)) {
		const char *key = json_name(item, &arena);

		if (key && (!user || strcmp(key, user) != 0))
			put_member(&out, key, item, &first_vote);
	}
	if (ids && count) {
		put_member(&out, user, NULL, &first_vote);
		put_vote(&out, name, ids, count);
	}
	buf_puts(&out, "}}");
	spool_note_set(spool, NOTES, poll, out.data, out.len);
	buf_finish(&out);
	arena_finish(&arena);
}

static char *question_of(const struct cJSON *note)
{
	struct arena arena = {0};
	const char *whole = json_line(note, "question", &arena);
	size_t length = whole ? strlen(whole) : 0, kept = whole ? text_cut(whole, length, QUESTION_BYTES) : 0;
	char *question = mem_printf("%.*s%s", (int)kept, whole ? whole : "", kept < length ? "..." : "");

	arena_finish(&arena);
	return question;
}

static char *vote(struct matrix_frontend *frontend, const struct matrix_event *event, const struct cJSON *note)
{
	const struct cJSON *answers = json_object(note, "answers");
	size_t most = (size_t)json_number(note, "most", 1), count = 0;
	const char **ids = mem_alloc((event->selections_count + 1) * sizeof(*ids));
	char *question = question_of(note), *text;
	struct buf names = {0};
	struct arena arena = {0};

	for (size_t i = 0; i < event->selections_count && count < most; i++) {
		const char *answer = json_line(answers, event->selections[i], &arena);

		if (!answer)
			continue;
		buf_printf(&names, "%s%s", count ? ", " : "", answer);
		ids[count++] = event->selections[i];
	}
	write_note(frontend->base.transport->spool, event->reply_to, note, event->sender,
	           person_name(frontend, event->sender), ids, count);
	if (!count)
		text = mem_printf("(takes back the vote in \"%s\")", question);
	else if (json_bool(note, "hidden", false))
		text = mem_printf("(has voted in \"%s\")", question);
	else
		text = mem_printf("(votes in \"%s\": %s)", question, buf_text(&names));
	mem_free(question);
	mem_free(ids);
	buf_finish(&names);
	arena_finish(&arena);
	return text;
}

/* ------------------------------------------------------------------------------------------------------ the end */

static bool has_voted_for(const struct cJSON *vote, const char *id, struct arena *arena)
{
	const struct cJSON *item = json_first(vote);

	while (item && (item = json_next(item)) != NULL) {
		const char *voted = json_text(item, NULL, arena);

		if (voted && !strcmp(voted, id))
			return true;
	}
	return false;
}

static void put_result(struct buf *out, const struct cJSON *answer, const struct cJSON *votes)
{
	struct arena arena = {0};
	struct buf names = {0};
	const char *id = json_name(answer, &arena), *text = json_line(answer, NULL, &arena), *name;
	unsigned count = 0;

	for (const struct cJSON *item = json_first(votes); id && item; item = json_next(item)) {
		if (!has_voted_for(item, id, &arena))
			continue;
		name = json_line(json_first(item), NULL, &arena);
		buf_printf(&names, "%s%s", count++ ? ", " : "", name ? name : "?");
	}
	buf_printf(out, "\n%s: %u", text ? text : "?", count);
	if (count)
		buf_printf(out, " (%s)", buf_text(&names));
	buf_finish(&names);
	arena_finish(&arena);
}

/* Only whoever asked ends a poll for sure: a moderator may, anybody else may not, and then nobody is to learn the
 * votes of one that hides them. */
static char *end(struct matrix_frontend *frontend, const struct matrix_event *event, const struct cJSON *note)
{
	struct arena arena = {0};
	const struct cJSON *votes = json_object(note, "votes");
	const char *by = json_text(note, "by", &arena);
	bool is_over = by && !strcmp(by, event->sender);
	char *question = question_of(note);
	struct buf text = {0};

	if (!is_over && json_bool(note, "hidden", false)) {
		buf_printf(&text, "(says that the poll \"%s\" is over)", question);
	} else {
		buf_printf(&text, "%s \"%s\"%s:", is_over ? "The poll" : "Votes in", question,
		           is_over ? " is over" : " until now");
		for (const struct cJSON *item = json_first(json_object(note, "answers")); item; item = json_next(item))
			put_result(&text, item, votes);
	}
	if (is_over)
		write_note(frontend->base.transport->spool, event->reply_to, note, NULL, NULL, NULL, 0);
	mem_free(question);
	arena_finish(&arena);
	return buf_take(&text);
}

/* Whoever refers to one of another room may not be there. NULL: it is not known. */
static struct cJSON *note_of(const struct matrix_frontend *frontend, const struct matrix_event *event)
{
	size_t size = 0;
	const void *value =
	        event->reply_to ? spool_note_get(frontend->base.transport->spool, NOTES, event->reply_to, &size) : NULL;
	struct cJSON *note = value ? json_read(value, size) : NULL;
	struct arena arena = {0};

	if (!text_is(json_text(note, "room", &arena), event->room))
		json_free(&note);
	arena_finish(&arena);
	return note;
}

char *poll_text(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	bool is_end = event->kind == MATRIX_POLL_END;
	struct cJSON *note = note_of(frontend, event);
	char *text = NULL;

	if (!note)
		text = mem_strdup(is_end ? *event->body ? event->body : "(ends a poll)" : "(votes in a poll that is not known here)");
	else if (!json_bool(note, "over", false))
		text = is_end ? end(frontend, event, note) : vote(frontend, event, note);
	json_free(&note);
	return text;
}
