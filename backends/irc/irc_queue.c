/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_queue.h"

#include "base/mem.h"

void irc_note_destroy(struct irc_note **slot)
{
	struct irc_note *note = *slot;

	if (!note)
		return;
	mem_free(note->name);
	mem_free(note->text);
	mem_free(note->xhtml);
	MEM_FREE(*slot);
}

void irc_queued_destroy(struct irc_queued **slot)
{
	struct irc_queued *queued = *slot;

	if (!queued)
		return;
	mem_free_secret(queued->line); /* it may be the one with the password */
	irc_note_destroy(&queued->note);
	MEM_FREE(*slot);
}

void irc_queue_init(struct irc_queue *queue)
{
	*queue = (struct irc_queue){0};
	list_init(&queue->lines);
}

void irc_queue_add(struct irc_queue *queue, const char *line, size_t length, struct irc_note *note)
{
	struct irc_queued *queued = MEM_NEW(struct irc_queued);

	queued->line = mem_strndup(line, length);
	queued->length = length;
	queued->note = note;
	list_append(&queue->lines, &queued->link);
	queue->count++;
}

struct irc_queued *irc_queue_pop(struct irc_queue *queue)
{
	struct irc_queued *queued;

	if (list_empty(&queue->lines))
		return NULL;
	queued = CONTAINER_OF(queue->lines.next, struct irc_queued, link);
	list_remove(&queued->link);
	queue->count--;
	return queued;
}

struct irc_queued *irc_queue_take(struct irc_queue *queue, uint64_t now, long burst, long interval_ms,
                                  uint64_t *wait_ms)
{
	*wait_ms = 0;
	if (list_empty(&queue->lines))
		return NULL;
	if (interval_ms <= 0)
		return irc_queue_pop(queue);
	if (queue->filled_at == 0)
		queue->tokens = (double)burst;
	else
		queue->tokens += (double)(now - queue->filled_at) / (double)interval_ms;
	if (queue->tokens > (double)burst)
		queue->tokens = (double)burst;
	queue->filled_at = now;
	if (queue->tokens < 1.0) {
		*wait_ms = (uint64_t)((1.0 - queue->tokens) * (double)interval_ms) + 1;
		return NULL;
	}
	queue->tokens -= 1.0;
	return irc_queue_pop(queue);
}
