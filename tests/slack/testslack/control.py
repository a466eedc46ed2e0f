# SPDX-License-Identifier: MIT
"""
The remote control, for programs that do not run inside the test Slack's process: POST /control/<what> with JSON.

    person    {"as": NAME, "do": "say", "with": {...}}   what a Person does (people.py); answers {"result": ...}
    state     {}                                         ids, tokens and names of what there is
    history   {"in": CHANNEL}                            messages as they stand
    sockets   {"do": "refresh" | "cut" | "warn" | "ghost" | "disable" | "too_many" | "hold" | "release"}
    set       {"of": "app" | "hub" | "faults" | "limits" | "slack" | "team", "name": ..., "value": ...}
    plan      {"what": ..., "method": ..., "times": ..., ...}   a fault of the Web API (faults.py)
    limit     {"method": ..., "times": ..., "retry_after": ...} calls answered 429
    revoke    {}                                         the bot's token, with its event
    uninstall {}                                         the app, from the workspace
    issue     {"kind": "bot" | "user", "scopes": [...], "user": NAME}   a token more
    expire    {"token": ...}                             a token that rotates
    crowd     {"users": N, "channels": N}                more of them
    workspace {"name": ...}                              one more with the app in it; answers its state
    subscribe {"events": [...]}                          what the app is told of
    everything {}                                        all that can happen (tour.py)
    renameteam {"name": ...}
    emoji     {"name": ...}                              one that the workspace makes
    report    {}                                         deliveries and complaints
"workspace": a name or id; the first one without it.
"""
import asyncio
import json

from .people import Person
from .shapes import message_json
from .state import Channel, File
from .tour import tour
from .web import Answer

DEEDS = {"say", "me", "edit", "delete", "react", "unreact", "unfurl", "upload", "create", "join", "leave", "invite", "kick",
         "rename", "topic", "purpose", "archive", "unarchive", "delete_channel", "change", "slash", "click", "submit", "dm"}


def plain(value):
    """A result as JSON."""
    if isinstance(value, Channel):
        return value.id
    if isinstance(value, File):
        return value.id
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else None


def workspace_of(slack, wanted):
    for workspace in slack.workspaces.values():
        if wanted in (None, workspace.id, workspace.name):
            return workspace
    raise KeyError(f"no workspace {wanted}")


async def control(slack, request):
    what = request.path.rsplit("/", 1)[1]
    if what not in COMMANDS or request.method != "POST":
        return Answer.json({"error": f"no such command: {what}"}, 404)
    try:
        content = json.loads(request.body or b"{}")
        result = COMMANDS[what](slack, workspace_of(slack, content.pop("workspace", None)), **content)
        if asyncio.iscoroutine(result):
            result = await result
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        return Answer.json({"error": f"{type(fault).__name__}: {fault}"}, 400)
    return Answer.json({"result": plain(result)})


async def deed(slack, workspace, do, **more):
    if do not in DEEDS:
        raise ValueError(f"a person does not {do}")
    name = more.pop("as")
    arguments = dict(more.pop("with", {}))
    if "content" in arguments:
        arguments["content"] = arguments["content"].encode()
    result = getattr(Person(slack, workspace, workspace.user(name)), do)(**arguments)
    if do in ("slash", "click", "submit"):
        await asyncio.wait_for(result.done.wait(), 10)
        return {"acked": result.acked is not None, "answer": result.answer, "attempts": len(result.attempts)}
    return result


def state(slack, workspace):
    app = next(iter(slack.apps.values()))
    install = workspace.installs.get(app.id)
    return {
        "api_url": slack.api_url, "url": slack.url, "app_id": app.id, "app_token": app.app_token,
        "client_id": app.client_id, "client_secret": app.client_secret, "signing_secret": app.signing_secret,
        "verification_token": app.verification_token,
        "bot_token": install.tokens[-1].value if install and install.tokens else None,
        "bot_id": install and install.bot_id, "bot_user": install and install.bot_user.id, "team_id": workspace.id,
        "users": {user.name: user.id for user in workspace.users.values()},
        "channels": {channel.name or channel.id: channel.id for channel in workspace.channels.values()},
        "tokens": {f"{token.kind}:{token.user.name if token.user else token.app.name}": token.value
                   for token in slack.tokens.values() if token.workspace in (None, workspace)},
    }


def history(slack, workspace, **more):
    channel = workspace.channel(more["in"])
    return [message_json(slack, channel, message) for message in channel.in_order()]


def sockets(slack, workspace, do):
    hub = slack.hub_of(next(iter(slack.apps.values())))
    if do == "refresh":
        for socket in hub.live():
            asyncio.get_running_loop().create_task(hub.refresh(socket))
    elif do == "warn":
        for socket in hub.live():
            socket.disconnect("warning")
    elif do == "too_many":
        for socket in hub.live():
            socket.disconnect("too_many_websockets")
            socket.finish()
    elif do == "cut":
        for socket in list(hub.sockets):
            socket.cut()
    elif do == "ghost":
        hub.add_ghost()
    elif do == "disable":
        hub.disable()
    elif do == "hold":
        hub.hold()
    elif do == "release":
        hub.release()
    elif do != "count":
        raise ValueError(f"sockets cannot be told to {do}")
    return len(hub.sockets)


def set_value(slack, workspace, of, name, value):
    app = next(iter(slack.apps.values()))
    target = {"app": app, "hub": slack.hub_of(app), "faults": slack.faults, "limits": slack.limits, "slack": slack,
              "team": workspace}[of]
    if not hasattr(target, name):
        raise ValueError(f"{of} has no {name}")
    setattr(target, name, tuple(value) if isinstance(value, list) else value)


def plan(slack, workspace, what, **more):
    slack.faults.plan(what, **more)


def limit(slack, workspace, method, **more):
    slack.limits.force(method, **more)


def revoke(slack, workspace, token=None):
    app = next(iter(slack.apps.values()))
    slack.revoke(slack.tokens[token] if token else workspace.installs[app.id].tokens[-1])


def uninstall(slack, workspace):
    slack.uninstall(next(iter(slack.apps.values())), workspace)


def issue(slack, workspace, kind="bot", scopes=(), user=None):
    """A token with other scopes."""
    app = next(iter(slack.apps.values()))
    who = workspace.user(user) if user else workspace.installs[app.id].bot_user
    return slack.issue(app, kind, workspace, who, scopes)[0].value


def crowd(slack, workspace, users=0, channels=0):
    """More people, more channels."""
    number = len(workspace.users)
    slack.add_people(workspace, users, f"crowd{number}-")
    creator = next(user for user in workspace.users.values() if not user.is_bot and user.name != "slackbot")
    slack.add_channels(workspace, channels, creator.id, f"crowd{number}")


def subscribe(slack, workspace, events):
    next(iter(slack.apps.values())).events = set(events)


def everything(slack, workspace, uninstalls=True):
    tour(slack, workspace, uninstalls)


def add_workspace(slack, workspace, name):
    """One more, with the app, winston, and the channel lounge; its state."""
    app = next(iter(slack.apps.values()))
    team = slack.add_workspace(name)
    winston = slack.add_person(team, "winston")
    install = slack.install(app, team, winston.user)
    winston.create("lounge", members=[install.bot_user])
    return state(slack, team)


def rename_team(slack, workspace, name):
    slack.rename_team(workspace, name)


def add_emoji(slack, workspace, name):
    slack.add_emoji(workspace, name)


def expire(slack, workspace, token):
    slack.tokens[token].expires = 1.0


def report(slack, workspace):
    hub = slack.hub_of(next(iter(slack.apps.values())))
    return {
        "deliveries": [{"kind": one.kind, "event_id": one.event_id, "event": one.event, "payload": one.payload,
                        "acked": one.acked, "lost": one.lost, "attempts": len(one.attempts), "answer": one.answer,
                        "sockets": [number for _, _, number in one.attempts]} for one in hub.deliveries],
        "dropped": hub.dropped, "complaints": slack.complaints, "failures": slack.failures, "sockets": len(hub.sockets),
        "pings": [socket.pings for socket in hub.sockets], "pongs": [socket.pongs for socket in hub.sockets],
        "ephemerals": {user.name: list(user.ephemerals) for user in workspace.users.values() if user.ephemerals},
        "calls": [{"method": call.name, "arguments": {name: value if isinstance(value, (str, int, float, bool, list, dict))
                                                      else str(value) for name, value in call.arguments.items()},
                   "answer": call.answer, "status": call.status} for call in slack.calls],
    }


COMMANDS = {
    "person": deed, "state": state, "history": history, "sockets": sockets, "set": set_value, "plan": plan, "limit": limit,
    "revoke": revoke, "uninstall": uninstall, "issue": issue, "expire": expire, "report": report, "crowd": crowd,
    "renameteam": rename_team, "emoji": add_emoji, "workspace": add_workspace, "subscribe": subscribe, "everything": everything,
}
