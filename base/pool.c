/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"

#define GRAIN 16
#define CLASSES (POOL_PIECE_MAX / GRAIN)

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define WATCHED 1
#endif
/* POOL_UNWATCHED: for the tests of the pages themselves */
#if defined(WATCHED) && !defined(POOL_UNWATCHED)
#define HAS_PAGES 0
#else
#define HAS_PAGES 1
#endif

/* At the beginning of the memory that it is about, which begins at a multiple of the system's page size. */
struct page {
	struct list link; /* of its class in pool.open while a piece is free; else to itself */
	void *free;       /* pieces that were freed: each begins with the address of the next */
	uint32_t size;    /* of a piece */
	uint16_t used, touched; /* pieces in use; those that ever were, which are the first */
};

struct pool {
	struct list open[CLASSES];
	size_t page_bytes, pages;
};

static_assert(sizeof(struct page) % GRAIN == 0, "pieces are aligned behind it");

struct pool *pool_create(void)
{
	struct pool *pool = MEM_NEW(struct pool);

	for (size_t i = 0; i < CLASSES; i++)
		list_init(&pool->open[i]);
	pool->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	return pool;
}

static bool is_piece(const struct pool *pool, size_t size)
{
	return HAS_PAGES && pool && size <= POOL_PIECE_MAX;
}

static size_t class_of(size_t size)
{
	return size ? (size - 1) / GRAIN : 0;
}

static struct page *page_create(struct pool *pool, size_t class)
{
	struct page *page = mmap(NULL, pool->page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		mem_run_out();
	page->size = (uint32_t)((class + 1) * GRAIN);
	list_init(&page->link);
	list_append(&pool->open[class], &page->link);
	pool->pages++;
	return page;
}

static void page_destroy(struct pool *pool, struct page *page)
{
	list_remove(&page->link);
	munmap(page, pool->page_bytes);
	pool->pages--;
}

static size_t pieces_of(const struct pool *pool, const struct page *page)
{
	return (pool->page_bytes - sizeof(*page)) / page->size;
}

void *pool_alloc(struct pool *pool, size_t size)
{
	if (!is_piece(pool, size))
		return mem_alloc(size);
	size_t class = class_of(size);
	struct list *open = &pool->open[class];
	struct page *page = list_empty(open) ? page_create(pool, class) : CONTAINER_OF(open->next, struct page, link);
	void *piece = page->free;

	if (piece)
		memcpy(&page->free, piece, sizeof(page->free));
	else
		piece = (char *)(page + 1) + (size_t)page->size * page->touched++;
	if (++page->used == pieces_of(pool, page))
		list_remove(&page->link);
	return memset(piece, 0, page->size);
}

void pool_free(struct pool *pool, void *piece, size_t size)
{
	if (!is_piece(pool, size)) {
		mem_free(piece);
		return;
	}
	if (!piece)
		return;
	struct page *page = (struct page *)((char *)piece - (uintptr_t)piece % pool->page_bytes);
	struct list *open = &pool->open[class_of(size)];

	assert(class_of(size) == class_of(page->size) && page->used);
	memcpy(piece, &page->free, sizeof(page->free));
	page->free = piece;
	if (list_empty(&page->link))
		list_append(open, &page->link);
	/* The last one with room stays, so that one piece to and fro takes no page to and fro. */
	if (!--page->used && !(open->next == &page->link && open->prev == &page->link))
		page_destroy(pool, page);
}

char *pool_strdup(struct pool *pool, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;

	return text ? memcpy(pool_alloc(pool, size), text, size) : NULL;
}

void pool_free_text(struct pool *pool, char *text)
{
	if (text)
		pool_free(pool, text, strlen(text) + 1);
}

size_t pool_pages(const struct pool *pool)
{
	return pool->pages;
}

void pool_destroy(struct pool **slot)
{
	struct pool *pool = *slot;

	*slot = NULL;
	for (size_t i = 0; pool && i < CLASSES; i++)
		LIST_EACH (link, &pool->open[i])
			page_destroy(pool, CONTAINER_OF(link, struct page, link));
	mem_free(pool);
}
