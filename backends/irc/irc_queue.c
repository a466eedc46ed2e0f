/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_queue.h"

#include "base/mem.h"

void irc_queue_init(struct irc_queue *queue)
{
	*queue = (struct irc_queue){0};
	list_init(&queue->items);
}

static void queue_append(struct irc_queue *queue, struct irc_queued *queued)
{
	list_append(&queue->items, &queued->link);
	queue->count += queued->lines;
}

void irc_queue_add(struct irc_queue *queue, const char *line, size_t length)
{
	struct irc_queued *queued = MEM_NEW(struct irc_queued);

	queued->line = mem_strndup(line, length);
	queued->length = length;
	queued->lines = 1;
	queue_append(queue, queued);
}

void irc_queue_add_message(struct irc_queue *queue, struct irc_outgoing *message, size_t lines)
{
	struct irc_queued *queued = MEM_NEW(struct irc_queued);

	queued->message = message;
	queued->lines = lines;
	queue_append(queue, queued);
}

struct irc_queued *irc_queue_head(const struct irc_queue *queue)
{
	return list_empty(&queue->items) ? NULL : CONTAINER_OF(queue->items.next, struct irc_queued, link);
}

bool irc_queue_token(struct irc_queue *queue, uint64_t now, long burst, long interval_ms, uint64_t *wait_ms)
{
	*wait_ms = 0;
	if (interval_ms <= 0)
		return true;
	if (queue->filled_at == 0)
		queue->tokens = (double)burst;
	else
		queue->tokens += (double)(now - queue->filled_at) / (double)interval_ms;
	if (queue->tokens > (double)burst)
		queue->tokens = (double)burst;
	queue->filled_at = now;
	if (queue->tokens < 1.0) {
		*wait_ms = (uint64_t)((1.0 - queue->tokens) * (double)interval_ms) + 1;
		return false;
	}
	queue->tokens -= 1.0;
	return true;
}

void irc_queue_drop(struct irc_queue *queue)
{
	struct irc_queued *queued = irc_queue_head(queue);

	if (!queued)
		return;
	queue->count -= queued->lines;
	list_remove(&queued->link);
	mem_free_secret(queued->line); /* it may be the one with the password */
	mem_free(queued);
}

void irc_queue_advance(struct irc_queue *queue)
{
	struct irc_queued *queued = irc_queue_head(queue);

	if (!queued)
		return;
	if (queued->lines == 1) {
		irc_queue_drop(queue);
		return;
	}
	queued->lines--;
	queue->count--;
}
