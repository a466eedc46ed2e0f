/* SPDX-License-Identifier: MIT */
#include "transport/media/media_type.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct view {
	const unsigned char *bytes;
	size_t count;
};

struct magic {
	size_t at;
	const char *bytes;
	size_t count;
	const char *type;
};

#define MAGIC(at, bytes, type) {(at), (bytes), sizeof(bytes) - 1, (type)}

static const struct magic magics[] = {
	MAGIC(0, "\x89PNG\r\n\x1a\n", "image/png"),
	MAGIC(0, "\xff\xd8\xff", "image/jpeg"),
	MAGIC(0, "GIF87a", "image/gif"),
	MAGIC(0, "GIF89a", "image/gif"),
	MAGIC(0, "fLaC", "audio/flac"),
	MAGIC(0, "ID3", "audio/mpeg"),
	MAGIC(0, "#!AMR", "audio/amr"),
	MAGIC(0, "%PDF-", "application/pdf"),
};

static bool has(struct view view, size_t at, const char *bytes, size_t count)
{
	return view.count >= at + count && !memcmp(view.bytes + at, bytes, count);
}

static bool says(struct view view, size_t at, const char *text)
{
	return has(view, at, text, strlen(text));
}

static bool holds(struct view view, const char *text)
{
	for (size_t at = 0; at < view.count; at++)
		if (says(view, at, text))
			return true;
	return false;
}

static const char *riff_type(struct view view)
{
	if (says(view, 8, "WEBP"))
		return "image/webp";
	return says(view, 8, "WAVE") ? "audio/wav" : says(view, 8, "AVI ") ? "video/x-msvideo" : NULL;
}

/* ISO/IEC 14496-12: the major brand of the first box. */
static const char *brand_type(struct view view)
{
	static const struct {
		const char *brand, *type;
	} brands[] = {
		{"avif", "image/avif"}, {"avis", "image/avif"}, {"heic", "image/heic"}, {"heix", "image/heic"},
		{"mif1", "image/heif"}, {"M4A ", "audio/mp4"},  {"M4B ", "audio/mp4"},  {"qt  ", "video/quicktime"},
		{"3gp4", "video/3gpp"}, {"3gp5", "video/3gpp"}, {"isom", "video/mp4"},  {"iso2", "video/mp4"},
		{"iso4", "video/mp4"},  {"iso5", "video/mp4"},  {"iso6", "video/mp4"},  {"mp41", "video/mp4"},
		{"mp42", "video/mp4"},  {"avc1", "video/mp4"},  {"dash", "video/mp4"},  {"M4V ", "video/mp4"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(brands); i++)
		if (says(view, 8, brands[i].brand))
			return brands[i].type;
	return NULL;
}

/* RFC 7845, 5334: the first page names the codec. */
static const char *ogg_type(struct view view)
{
	if (holds(view, "theora"))
		return "video/ogg";
	return holds(view, "OpusHead") || holds(view, "vorbis") || holds(view, "Speex") || holds(view, "FLAC") ? "audio/ogg"
														: NULL;
}

static const char *matroska_type(struct view view)
{
	return holds(view, "webm") ? "video/webm" : holds(view, "matroska") ? "video/x-matroska" : NULL;
}

/* MPEG-1 and -2 audio without a tag in front (ISO/IEC 11172-3): layer, bit rate and sample rate are possible ones. */
static bool is_mpeg_audio(struct view view)
{
	const unsigned char *b = view.bytes;

	return view.count >= 4 && b[0] == 0xff && (b[1] & 0xe0) == 0xe0 && (b[1] & 0x18) != 0x08 && (b[1] & 0x06) != 0 &&
	       (b[2] & 0xf0) != 0xf0 && (b[2] & 0xf0) != 0 && (b[2] & 0x0c) != 0x0c;
}

/* The last character may be cut where the bytes end and the file does not. */
static bool is_text(struct view view)
{
	size_t length = view.count;

	for (size_t back = 1; length >= MEDIA_HEAD_BYTES && back <= 3; back++) {
		unsigned char byte = view.bytes[length - back];

		if (byte < 0x80)
			break;
		if (byte >= 0xc0) {
			length -= back;
			break;
		}
	}
	for (size_t i = 0; i < length; i++)
		if ((view.bytes[i] < 0x20 && !strchr("\t\n\r\f", view.bytes[i])) || view.bytes[i] == 0x7f ||
		    view.bytes[i] == '\0')
			return false;
	return length > 0 && text_is_utf8((const char *)view.bytes, length);
}

const char *media_type_of(const void *bytes, size_t count)
{
	struct view view = {bytes, count < MEDIA_HEAD_BYTES ? count : MEDIA_HEAD_BYTES};
	const char *type = NULL;

	if (!count)
		return "application/octet-stream";
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (has(view, magics[i].at, magics[i].bytes, magics[i].count))
			return magics[i].type;
	if (says(view, 0, "RIFF"))
		type = riff_type(view);
	else if (says(view, 4, "ftyp"))
		type = brand_type(view);
	else if (has(view, 0, "OggS", 5)) /* with the version, 0 */
		type = ogg_type(view);
	else if (says(view, 0, "\x1a\x45\xdf\xa3"))
		type = matroska_type(view);
	else if (is_mpeg_audio(view))
		type = "audio/mpeg";
	else if (is_text(view))
		type = "text/plain; charset=utf-8";
	return type ? type : "application/octet-stream";
}

bool media_type_is_shown(const char *type)
{
	return text_starts(type, "image/") || text_starts(type, "audio/") || text_starts(type, "video/");
}

/* ---- sizes of pictures ---- */

static unsigned be16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static unsigned le16(const unsigned char *at)
{
	return (unsigned)at[1] << 8 | at[0];
}

static uint32_t be32(const unsigned char *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static unsigned le24(const unsigned char *at)
{
	return (unsigned)at[2] << 16 | le16(at);
}

/* Segments up to the one that begins a frame (ITU-T T.81, B.2). */
static bool jpeg_size(struct view view, unsigned *width, unsigned *height)
{
	size_t at = 2;

	while (at + 9 <= view.count) {
		const unsigned char *segment = view.bytes + at;

		if (segment[0] != 0xff)
			return false;
		if (segment[1] == 0xff) { /* a filler */
			at++;
			continue;
		}
		if (segment[1] >= 0xc0 && segment[1] <= 0xcf && segment[1] != 0xc4 && segment[1] != 0xc8 &&
		    segment[1] != 0xcc) {
			*height = be16(segment + 5);
			*width = be16(segment + 7);
			return true;
		}
		if (segment[1] == 0xda || be16(segment + 2) < 2)
			return false;
		at += 2 + be16(segment + 2);
	}
	return false;
}

/* RFC 9649 */
static bool webp_size(struct view view, unsigned *width, unsigned *height)
{
	const unsigned char *b = view.bytes;

	if (view.count < 30)
		return false;
	if (says(view, 12, "VP8 ")) {
		*width = le16(b + 26) & 0x3fff;
		*height = le16(b + 28) & 0x3fff;
	} else if (says(view, 12, "VP8L") && b[20] == 0x2f) {
		*width = 1 + (((b[22] & 0x3fu) << 8) | b[21]);
		*height = 1 + (((b[24] & 0xfu) << 10) | ((unsigned)b[23] << 2) | (b[22] >> 6));
	} else if (says(view, 12, "VP8X")) {
		*width = 1 + le24(b + 24);
		*height = 1 + le24(b + 27);
	} else {
		return false;
	}
	return true;
}

bool media_picture_size(const void *bytes, size_t count, unsigned *width, unsigned *height)
{
	struct view view = {bytes, count};
	const char *type = media_type_of(bytes, count);
	unsigned w = 0, h = 0;
	bool known = false;

	if (!strcmp(type, "image/png") && count >= 24 && says(view, 12, "IHDR")) {
		known = be32(view.bytes + 16) <= INT32_MAX && be32(view.bytes + 20) <= INT32_MAX;
		w = be32(view.bytes + 16);
		h = be32(view.bytes + 20);
	} else if (!strcmp(type, "image/gif") && count >= 10) {
		known = true;
		w = le16(view.bytes + 6);
		h = le16(view.bytes + 8);
	} else if (!strcmp(type, "image/jpeg")) {
		known = jpeg_size(view, &w, &h);
	} else if (!strcmp(type, "image/webp")) {
		known = webp_size(view, &w, &h);
	}
	if (!known || !w || !h)
		return false;
	*width = w;
	*height = h;
	return true;
}
