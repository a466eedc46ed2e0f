# SPDX-License-Identifier: MIT
"""What a Slack knows: apps, workspaces, people, conversations, messages, files, tokens. No wire in here."""
import bisect
import itertools
import secrets
import time

KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SLACKBOT = "USLACKBOT"


class Ids:
    """Ids as Slack's look; one counter for all, so that none is given twice."""

    def __init__(self):
        self.counter = itertools.count(int("2K7ABQ01", 36))

    def next(self, letter):
        number, text = next(self.counter), ""
        while number:
            number, digit = divmod(number, 36)
            text = DIGITS[digit] + text
        return f"{letter}0{text:0>8}"


class Clock:
    """Gives each ts once, each later than the one before; as whole microseconds they do not fit into a double's digits."""

    def __init__(self):
        self.last = 0
        self.ahead = 0  # seconds

    def ts(self):
        self.last = max(self.last + 1, int((time.time() + self.ahead) * 1e6))
        return f"{self.last // 1000000}.{self.last % 1000000:06d}"


def ts_number(ts):
    """A ts as whole microseconds, or None if it is none."""
    whole, point, rest = str(ts).partition(".")
    if not whole.isdigit() or (point and not rest.isdigit()) or len(rest) > 6:
        return None
    return int(whole) * 1000000 + int(f"{rest:0<6}")


class App:
    def __init__(self, ids, name, scopes, events):
        self.id = ids.next("A")
        self.name = name
        self.client_id = f"{int(time.time())}.{secrets.randbelow(10**12):012d}"
        self.client_secret = secrets.token_hex(16)
        self.signing_secret = secrets.token_hex(16)
        self.verification_token = secrets.token_urlsafe(18)
        self.redirect_uris = []
        self.scopes = list(scopes)
        self.events = set(events)
        self.socket_mode = True
        self.rotation = False
        self.app_token = f"xapp-1-{self.id}-{secrets.randbelow(10**13):013d}-{secrets.token_hex(32)}"


class Token:
    def __init__(self, value, kind, app, workspace=None, user=None, scopes=(), lifetime=None):
        self.value = value
        self.kind = kind  # bot, user, app
        self.app = app
        self.workspace = workspace
        self.user = user  # who acts with it
        self.scopes = set(scopes)
        self.expires = time.time() + lifetime if lifetime else None
        self.refusal = None  # token_revoked, account_inactive ...

    def expired(self):
        return self.expires is not None and time.time() >= self.expires


class Install:
    """An app in a workspace."""

    def __init__(self, app, workspace, bot_id, bot_user, installer, scopes):
        self.app = app
        self.workspace = workspace
        self.bot_id = bot_id
        self.bot_user = bot_user
        self.installer = installer
        self.scopes = list(scopes)
        self.created = int(time.time())
        self.tokens = []


class User:
    __slots__ = ("id", "team", "name", "real_name", "display_name", "email", "deleted", "is_bot", "bot_id", "app_id",
                 "is_admin", "is_restricted", "presence", "status_text", "status_emoji", "avatar", "tz", "updated", "ephemerals",
                 "is_stranger")

    def __init__(self, id, team, name, real_name=None, display_name="", email=None, is_bot=False):
        self.id = id
        self.team = team
        self.name = name
        self.real_name = real_name if real_name is not None else name.title()
        self.display_name = display_name
        self.email = email
        self.deleted = self.is_admin = self.is_restricted = self.is_stranger = False
        self.is_bot = is_bot
        self.bot_id = self.app_id = ""
        self.presence = "active"
        self.status_text = self.status_emoji = ""
        self.avatar = "ge3b51ca72de"
        self.tz = "Europe/Amsterdam"
        self.updated = int(time.time())
        self.ephemerals = ()  # what only this person is shown: (channel id, message)


class Message:
    """`json` is what never changes by itself; what others add to it (reactions, replies) is beside it."""
    __slots__ = ("ts", "json", "reactions", "replies", "author", "app", "deleted")

    def __init__(self, ts, json, author, app=None):
        self.ts = ts
        self.json = json
        self.author = author  # id of a user
        self.app = app        # the App that posted it, or None
        self.reactions = {}   # name -> [ids of users], in the order they came
        self.replies = []     # ts of replies
        self.deleted = False

    @property
    def thread_ts(self):
        return self.json.get("thread_ts")

    def is_reply(self):
        return self.thread_ts is not None and self.thread_ts != self.ts


class Channel:
    def __init__(self, id, workspace, name, kind, creator):
        self.id = id
        self.workspace = workspace
        self.name = name
        self.kind = kind  # channel, group, im, mpim
        self.creator = creator
        self.created = int(time.time())
        self.members = {}  # id of a user -> True, in the order they joined
        self.archived = False
        self.general = False
        self.topic = {"value": "", "creator": "", "last_set": 0}
        self.purpose = {"value": "", "creator": "", "last_set": 0}
        self.previous_names = []
        self.order = []    # of the messages: whole microseconds
        self.messages = {}  # ts -> Message
        self.restriction = None  # an error that postMessage gives here
        self.pings = []    # ts of messages that ping everybody

    def add(self, message):
        bisect.insort(self.order, ts_number(message.ts))
        self.messages[message.ts] = message

    def remove(self, message):
        self.order.remove(ts_number(message.ts))
        del self.messages[message.ts]

    def in_order(self):
        return [self.messages[f"{number // 1000000}.{number % 1000000:06d}"] for number in self.order]

    def other(self, user):
        """In a DM: whom `user` talks to."""
        return next((id for id in self.members if id != user), user)


class File:
    def __init__(self, id, workspace, user, name, title, size, mimetype):
        self.id = id
        self.workspace = workspace
        self.user = user
        self.name = name
        self.title = title
        self.size = size
        self.mimetype = mimetype
        self.created = int(time.time())
        self.content = None
        self.pending = None  # the mimetype, while it is not known yet
        self.shares = {}     # id of a channel -> [ts]
        self.threads = {}    # (id of a channel, ts) -> thread_ts
        self.deleted = False
        self.alt_txt = None
        self.completed = False
        self.app = None


class Workspace:
    def __init__(self, ids, name, domain):
        self.id = ids.next("T")
        self.ids = ids
        self.name = name
        self.domain = domain
        self.users = {}
        self.names = {}     # name -> User
        self.channels = {}
        self.titles = {}    # name -> Channel, those with names
        self.ims = {}       # frozenset of two ids -> Channel
        self.files = {}
        self.emoji = {}     # name -> url, or alias:name
        self.installs = {}  # id of an app -> Install
        self.bots = {}      # id of a bot -> Install
        self.clock = Clock()
        self.one_dm = True      # of each two people
        self.known_emoji = None  # names that reactions may have; None: all that look like names
        self.disabled = False
        slackbot = User(SLACKBOT, self.id, "slackbot", "Slackbot", "Slackbot")
        self.users[SLACKBOT] = slackbot

    def add_user(self, name, **about):
        user = User(about.pop("id", None) or self.ids.next("U"), self.id, name, **about)
        if not user.is_bot and user.email is None:
            user.email = f"{name}@example.org"
        self.users[user.id] = user
        self.names.setdefault(name, user)
        return user

    def add_channel(self, name, kind, creator, members=(), id=None):
        channel = Channel(id or self.ids.next("D" if kind == "im" else "C"), self, name, kind, creator)
        channel.members.update((member, True) for member in members)
        self.channels[channel.id] = channel
        if kind in ("channel", "group", "mpim"):
            self.titles[name] = channel
        return channel

    def im(self, one, other):
        """The DM of two people; made if need be. The second value tells whether it was."""
        pair = frozenset((one, other))
        channel = self.ims.get(pair) if self.one_dm else None
        if channel:
            return channel, False
        channel = self.ims[pair] = self.add_channel("", "im", one, dict.fromkeys((one, other)))
        return channel, True

    def user(self, who):
        """A User by itself, its id or its name."""
        if isinstance(who, User):
            return who
        return self.users.get(who) or self.names[who]

    def channel(self, which):
        if isinstance(which, Channel):
            return which
        return self.channels.get(which) or self.titles[which.lstrip("#")]
