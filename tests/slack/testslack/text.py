# SPDX-License-Identifier: MIT
"""mrkdwn as Slack keeps it: what is encoded, what becomes a token, and the rich_text that a person's client makes of it."""
import re

EVERYBODY = re.compile(r"<!(?:channel|here|everyone)(?:\|[^>]*)?>")
LOUD = re.compile(r"(?<![\w@])@(?:channel|here|everyone)\b")
TOKEN = re.compile(r"<([@#!][^<>\s][^<>]*|(?:https?|mailto|tel|ftp)[:][^<>]+)>")
BARE_LINK = re.compile(r"(?<![\w<|/])https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"]")
INLINE = re.compile(
    r"<(?P<token>[^<>]+)>|:(?P<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):|`(?P<code>[^`\n]+)`"
    r"|(?<!\w)\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?!\w)|(?<!\w)_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"
    r"|(?<!\w)~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?!\w)")
STYLES = ("bold", "italic", "strike")


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def is_quote(line):
    return line.startswith("&gt;") or line.startswith(">")


def stored(text, everybody_by_name=False):
    """What Slack makes of an app's text: entities where they lack, tokens as they are, bare links in brackets."""
    if everybody_by_name:
        text = LOUD.sub(lambda found: f"<!{found[0][1:]}>", text)
    result, begin = [], 0
    for token in TOKEN.finditer(text):
        result += [stored_plain(text[begin:token.start()]), token[0]]
        begin = token.end()
    result.append(stored_plain(text[begin:]))
    return "".join(result)


def stored_plain(text):
    text = re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return BARE_LINK.sub(lambda link: f"<{link[0]}>", text)


def pings_everybody(text):
    return bool(EVERYBODY.search(text))


def rich_text(text, block_id="b1"):
    """The block that a client sends along with a text of mrkdwn."""
    elements = []
    for index, part in enumerate(re.split(r"```", text)):
        if index % 2:
            elements.append({"type": "rich_text_preformatted", "border": 0,
                             "elements": [{"type": "text", "text": unescape(part.strip("\n"))}]})
        elif part.strip("\n"):
            elements += rich_lines(part.strip("\n"))
    return {"type": "rich_text", "block_id": block_id, "elements": elements}


def rich_lines(text):
    groups = []
    for line in text.split("\n"):
        kind = "rich_text_quote" if is_quote(line) else "rich_text_section"
        if kind == "rich_text_quote":
            line = re.sub(r"^(?:&gt;|>) ?", "", line)
        if groups and groups[-1][0] == kind:
            groups[-1][1].append(line)
        else:
            groups.append((kind, [line]))
    return [{"type": kind, "elements": inline("\n".join(lines), {})} for kind, lines in groups]


def inline(text, style):
    result, begin = [], 0

    def plain(part, more=None):
        if part:
            element = {"type": "text", "text": unescape(part)}
            if style or more:
                element["style"] = {**style, **(more or {})}
            result.append(element)

    for found in INLINE.finditer(text):
        plain(text[begin:found.start()])
        begin = found.end()
        if found["token"]:
            element = token_element(found["token"])
            if style:
                element["style"] = dict(style)
            result.append(element)
        elif found["emoji"]:
            name, tone, number = found["emoji"].partition("::skin-tone-")
            result.append({"type": "emoji", "name": name, **({"skin_tone": int(number)} if tone else {})})
        elif found["code"]:
            plain(found["code"], {"code": True})
        else:
            kind = next(kind for kind in STYLES if found[kind])
            result += inline(found[kind], {**style, kind: True})
    plain(text[begin:])
    return result


def token_element(token):
    what, _, label = token.partition("|")
    if what.startswith("@"):
        return {"type": "user", "user_id": what[1:]}
    if what.startswith("#"):
        return {"type": "channel", "channel_id": what[1:]}
    if what.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": what[9:]}
    if what.startswith("!date^"):
        parts = what.split("^")
        return {"type": "date", "timestamp": int(parts[1]), "format": parts[2], "fallback": label}
    if what.startswith("!"):
        return {"type": "broadcast", "range": what[1:]}
    return {"type": "link", "url": unescape(what), **({"text": unescape(label)} if label else {})}
