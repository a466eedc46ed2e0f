# SPDX-License-Identifier: MIT
"""The Web API: what each method takes, and what is the same for all of them (wire: form or JSON in, JSON out)."""
import json
import math
import time
from urllib.parse import parse_qsl

from .state import KINDS
from .web import Answer

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100, "special": 600}
BURST = 3  # times what a minute's share of a tier is, at once


class Refused(Exception):
    """An application's error: HTTP 200, ok:false."""

    def __init__(self, error, **more):
        super().__init__(error)
        self.content = {"ok": False, "error": error, **more}


def invalid_arguments(*messages):
    return Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages if text]})


class Method:
    """scopes: one of them is needed; "*:read" and the like: that of the conversation's kind. kinds: of tokens."""

    def __init__(self, call, tier, scopes, required, optional, takes_json, kinds):
        self.call = call
        self.tier = tier
        self.scopes = scopes
        self.required = required
        self.arguments = required + optional
        self.takes_json = takes_json
        self.kinds = kinds


METHODS = {}


def method(name, tier, scopes="", required="", optional="", json=False, kinds=("bot", "user")):
    """Makes a function(call) a method of the Web API."""
    def register(function):
        METHODS[name] = Method(function, tier, scopes.split(), required.split(), optional.split(), json, kinds)
        return function
    return register


class Call:
    """One request to one method. What a method returns is its answer's content, without `ok`."""

    def __init__(self, slack, name, request):
        self.slack = slack
        self.rules = slack.rules
        self.name = name
        self.request = request
        self.arguments = {}
        self.is_json = False
        self.token = None
        self.workspace = None
        self.warnings = []
        self.events = []   # what is told once the answer has been written
        self.time = time.monotonic()
        self.answer = None
        self.status = 200

    # arguments -------------------------------------------------------------------------------------------------------

    def text(self, name, default=None):
        value = self.arguments.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else str(value)

    def flag(self, name, default=False):
        value = self.arguments.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("1", "true"):
            return True
        if str(value).lower() in ("0", "false"):
            return False
        raise invalid_arguments(f"must be a boolean [json-pointer:/{name}]")

    def number(self, name, default, at_least=None):
        value = self.arguments.get(name)
        if value is None or value == "":
            return default
        try:
            value = int(value)
        except (TypeError, ValueError):
            raise invalid_arguments(f"must be an integer [json-pointer:/{name}]") from None
        if at_least is not None and value < at_least:
            raise invalid_arguments(f"must be greater than {at_least - 1} [json-pointer:/{name}]")
        return value

    def structure(self, name, error):
        """A list or object: as it is in JSON, as JSON text in a form (and in JSON, where SDKs do that too)."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                if self.rules.keeps("args.form_json"):
                    raise Refused(error) from None
                return None
        return value

    # whom and what it is about ---------------------------------------------------------------------------------------

    @property
    def user(self):
        return self.token.user

    @property
    def app(self):
        return self.token.app

    @property
    def install(self):
        return self.workspace.installs[self.token.app.id]

    def has(self, scope):
        return scope in self.token.scopes

    def need(self, *scopes):
        if self.rules.keeps("auth.scope") and not any(scope in self.token.scopes for scope in scopes):
            raise Refused("missing_scope", needed=scopes[0], provided=",".join(sorted(self.token.scopes)))

    def channel(self, name="channel", scope=None, member=False):
        """The conversation that an argument names, as far as the token may know it; checks "*:" scopes of its kind."""
        channel = self.channel_of(self.text(name))
        if not channel or not self.sees(channel):
            raise Refused("channel_not_found")
        if scope:
            self.need(*scopes_of(scope, channel.kind, self.token.kind))
        if member and self.user.id not in channel.members:
            raise Refused("not_in_channel")
        return channel

    def channel_of(self, id):
        if self.rules.keeps("auth.team"):
            return self.workspace.channels.get(id)
        return next((one.channels[id] for one in self.slack.workspaces.values() if id in one.channels), None)

    def sees(self, channel):
        return (channel.kind == "channel" or self.user.id in channel.members
                or (channel.kind != "im" and not self.rules.keeps("channels.private")))

    def wanted_user(self, name="user", error="user_not_found"):
        user = self.workspace.users.get(self.text(name))
        if not user:
            raise Refused(error)
        return user

    # pages -----------------------------------------------------------------------------------------------------------

    def page(self, ids, prefix, default=100, most=1000):
        """A page of ids, and the response_metadata that tells where it goes on."""
        limit = self.number("limit", default, 1) or default
        limit = min(limit, most)
        if not self.rules.keeps("pages.limit"):
            limit += 5
        begin = 0
        cursor = self.text("cursor")
        if cursor:
            wanted = self.slack.open_cursor(cursor, prefix)
            try:
                begin = ids.index(wanted)
            except ValueError:
                if self.rules.keeps("pages.invalid"):
                    raise Refused("invalid_cursor") from None
        if self.slack.faults.short_pages and limit > 1:
            # Slack filters after it has counted: a page may be short, or empty, and not the last.
            shown = 0 if not cursor else limit // 2
            here = ids[begin:begin + shown]
            rest = begin + shown < len(ids)
            following = ids[begin + shown] if rest else None
            if not cursor and following is not None:
                return here, self.slack.cursor(prefix, following)
            return here, self.slack.cursor(prefix, following) if rest else ""
        here = ids[begin:begin + limit]
        more = begin + limit < len(ids)
        if not self.rules.keeps("pages.cursor"):
            more = False
        return here, self.slack.cursor(prefix, ids[begin + limit]) if more else ""


def scopes_of(scope, kind, token_kind="bot"):
    """Scopes, one of which is needed for a conversation of a kind: "read", "history", "write", "write.topic", "invite"."""
    family = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}[kind]
    if scope in ("read", "history"):
        return (f"{family}:{scope}",)
    general = "channels:manage" if family == "channels" and token_kind == "bot" else f"{family}:write"
    if scope == "write":
        return (general,)
    if scope == "topic":
        return (f"{family}:write.topic", general)
    return (f"{family}:write.invites", general)  # invite


def wanted_kinds(call):
    names = (call.text("types") or "public_channel").split(",")
    unknown = [name for name in names if name.strip() not in KINDS]
    if unknown:
        raise Refused("invalid_types")
    kinds = [KINDS[name.strip()] for name in names]
    for kind in kinds:
        call.need(*scopes_of("read", kind))
    return kinds


class Limits:
    """How often a method may be called: per method, app and workspace (and for postMessage, per channel)."""

    def __init__(self, slack):
        self.slack = slack
        self.enforced = False
        self.buckets = {}   # key -> (tokens left, time)
        self.blocked = {}   # key -> blocked until
        self.forced = []    # faults: {"method", "times", "retry_after", "workspace", "channel"}

    def force(self, method, times=1, retry_after=1, workspace=None, channel=None):
        """The next calls are answered 429, whatever their number."""
        self.forced.append({"method": method, "times": times, "retry_after": retry_after,
                            "workspace": workspace and workspace.id, "channel": channel})

    def check(self, call):
        """Seconds to wait, or None."""
        for rule in self.forced:
            if (rule["method"] in ("*", call.name) and rule["workspace"] in (None, call.workspace and call.workspace.id)
                    and rule["channel"] in (None, call.arguments.get("channel"))):
                rule["times"] -= 1
                if rule["times"] <= 0:
                    self.forced.remove(rule)
                self.blocked[self._key(call)] = time.monotonic() + rule["retry_after"]
                return rule["retry_after"]
        key = self._key(call)
        until = self.blocked.get(key)
        if until is not None:
            if time.monotonic() < until:
                return max(1, math.ceil(until - time.monotonic()))
            del self.blocked[key]
        if not self.enforced or not self.slack.rules.keeps("limits.tiers"):
            return None
        wait = self._spend(key, PER_MINUTE[METHODS[call.name].tier])
        if wait is None and call.name == "chat.postMessage":
            wait = self._spend((*key, call.text("channel")), 60, burst=5)
        if wait is not None:
            self.blocked[key] = time.monotonic() + wait
        return wait

    def _key(self, call):
        name = call.name if self.slack.rules.keeps("limits.per_method") else "any"
        everywhere = not self.slack.rules.keeps("limits.per_workspace")
        return name, call.token and call.token.app.id, None if everywhere else call.workspace and call.workspace.id

    def _spend(self, key, per_minute, burst=None):
        most = burst or max(1, per_minute * BURST / 3)
        left, when = self.buckets.get(key, (most, time.monotonic()))
        now = time.monotonic()
        left = min(most, left + (now - when) * per_minute / 60)
        if left < 1:
            self.buckets[key] = (left, now)
            return max(1, math.ceil((1 - left) * 60 / per_minute))
        self.buckets[key] = (left - 1, now)
        return None


# the way of a request ------------------------------------------------------------------------------------------------

def read_arguments(call, entry):
    request = call.request
    call.arguments.update(request.query)
    if request.method == "GET":
        return None
    kind = request.content_type
    if kind == "application/json":
        if entry and not entry.takes_json and call.rules.keeps("args.json"):
            return None  # as if nothing had been sent: what is required will be missing
        call.is_json = True
        if "charset" not in request.headers["content-type"]:
            call.warnings.append("missing_charset")
        try:
            content = json.loads(request.body or b"{}")
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(content, dict):
            raise Refused("json_not_object")
        content.pop("token", None)  # which JSON does not carry
        call.arguments.update(content)
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        call.arguments.update(request.form())
    elif request.body and not kind:
        # Slack guesses a form.
        call.arguments.update(parse_qsl(request.body.decode("utf-8", "replace")))
    elif request.body:
        raise Refused("invalid_post_type")
    return None


def authenticate(call, entry):
    request = call.request
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    in_form = call.arguments.pop("token", None)
    if scheme.lower() != "bearer":
        value = None if call.name == "apps.connections.open" and call.rules.keeps("auth.header") else in_form
    if not entry.kinds:
        return
    if not value:
        raise Refused("not_authed")
    token = call.slack.tokens.get(value.strip())
    if not token:
        if call.rules.keeps("auth.token"):
            raise Refused("invalid_auth")
        token = next(token for token in call.slack.tokens.values() if token.kind in entry.kinds)
    if token.refusal and call.rules.keeps("auth.revoked"):
        raise Refused(token.refusal)
    if token.expired() and call.rules.keeps("oauth.expiry"):
        raise Refused("token_expired")
    if token.kind not in entry.kinds:
        if call.rules.keeps("auth.kind"):
            raise Refused("not_allowed_token_type")
        token = next(other for other in call.slack.tokens.values() if other.kind in entry.kinds)
    if token.workspace and token.workspace.disabled:
        raise Refused("team_disabled")
    call.token, call.workspace = token, token.workspace


def check_arguments(call, entry):
    fixed = [scope for scope in entry.scopes if not scope.startswith("*")]
    if fixed:
        call.need(*fixed)
    missing = [name for name in entry.required if call.arguments.get(name) in (None, "")]
    # An empty topic, purpose or text is one.
    missing = [name for name in missing if not (name in ("topic", "purpose", "text") and name in call.arguments)]
    if missing and call.rules.keeps("args.required"):
        raise invalid_arguments(*(f"missing required field: {name if call.rules.keeps('errors.messages') else ''}"
                                  for name in missing))
    for name in missing:
        call.arguments[name] = call.slack.anything(call, name)


def head_of(call, entry):
    head = {"X-Slack-Req-Id": f"{call.slack.server.requests:032x}", "Cache-Control": "private, no-cache"}
    if call.token and call.token.kind != "app":
        head["X-OAuth-Scopes"] = ",".join(sorted(call.token.scopes))
        head["X-Accepted-OAuth-Scopes"] = ",".join(entry.scopes)
    return head


async def serve(slack, name, request):
    """POST /api/<name>."""
    call = Call(slack, name, request)
    entry = METHODS.get(name)
    slack.calls.append(call)
    fault = await slack.faults.before(call)
    if fault:
        call.status = fault.status
        return fault
    try:
        if not entry and call.rules.keeps("args.known"):
            raise Refused("unknown_method")
        if not entry:
            call.name, entry = "auth.test", METHODS["auth.test"]
        read_arguments(call, entry)
        authenticate(call, entry)
        wait = slack.limits.check(call)
        if wait is not None:
            return too_many(call, entry, wait)
        check_arguments(call, entry)
        forced = slack.faults.error_of(call)
        if forced:
            raise Refused(forced)
        content = entry.call(call)
        if hasattr(content, "__await__"):
            content = await content
        content = {"ok": True, **content}
    except Refused as refusal:
        content = refusal.content
        if slack.rules.is_mistold(content["error"]):
            content = {**content, "error": "fatal_error"}
        call.events = []
    if call.warnings:
        content["warning"] = ",".join(call.warnings)
        content.setdefault("response_metadata", {})["warnings"] = call.warnings
    call.answer = content
    if not content["ok"] and not slack.rules.keeps("errors.status"):
        call.status = 400
    told_first = slack.faults.event_first and call.events
    if told_first:
        await slack.tell_and_wait(call.events)
        call.events = []
    await slack.faults.before_answer(call)
    return Answer.json(content, call.status, head_of(call, entry) if entry else None,
                       after=lambda: slack.tell(call.events))


def too_many(call, entry, wait):
    call.answer = {"ok": False, "error": "ratelimited" if call.rules.keeps("limits.error") else "internal_error"}
    call.status = 429 if call.rules.keeps("limits.status") else 200
    head = head_of(call, entry)
    if call.rules.keeps("limits.retry_after"):
        head["Retry-After"] = str(wait)
    return Answer.json(call.answer, call.status, head)
