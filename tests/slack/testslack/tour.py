# SPDX-License-Identifier: MIT
"""Everything that can happen in a workspace, once: what the referees judge the shapes of."""
from .people import Person


def tour(slack, workspace, uninstalls=True):
    app = next(iter(slack.apps.values()))
    install = workspace.installs[app.id]
    bot = install.bot_user
    people = [user for user in workspace.users.values() if not user.is_bot and user.name != "slackbot"]
    one, other, third = (Person(slack, workspace, user) for user in people[:3])
    place = one.create(f"tour{len(workspace.channels)}", members=[other.user, bot])
    private = one.create(f"tour{len(workspace.channels)}", private=True, members=[other.user, bot])

    def by_bot(channel, text, thread=None, **more):
        return slack.post(channel, bot, {"text": text}, install=install, app=app, thread=thread, **more)
    face = {"username": "carol", "icons": {f"image_{size}": "https://example.org/c.png" for size in (36, 48, 64, 72)}}
    for channel in (place, private, one.dm(bot)):
        ts = one.say(channel, "*bold* _italic_ ~gone~ `code` <https://example.org|label> :wave: :wave::skin-tone-3:\n&gt; quoted")
        by_bot(channel, "by the bot")
        by_bot(channel, "by carol", face=face)
        by_bot(channel, "with an emoji", face={"username": "dave", "icons": {"emoji": ":ghost:"}})
        one.say(channel, f"```code\nblock``` <@{other.id}> <#{place.id}> <!here> <!date^1392734382^{{date}}|then>")
        one.me(channel, "waves")
        one.react(channel, ts, "thumbsup")
        one.react(channel, ts, "wave::skin-tone-2")
        one.unreact(channel, ts, "thumbsup")
        one.edit(channel, ts, "edited")
        one.unfurl(channel, ts)
        one.delete(channel, ts)
        parent = one.say(channel, "a parent")
        by_bot(channel, "a reply", parent)
        reply = one.say(channel, "my own reply", thread=parent)
        one.say(channel, "a reply for all", thread=parent, broadcast=True)
        one.edit(channel, reply, "my better reply")
        one.delete(channel, parent)
        _, file = one.upload(channel, "a picture.png", b"\x89PNG...", "a caption")
        one.upload(channel, "notes.txt", b"notes", "in a thread", thread=reply if channel is private else None)
        slack.delete_file(file)
    mine = by_bot(place, "to be reacted to", face=face)
    other.react(place, mine.ts, "eyes")
    one.say(place, f"<@{bot.id}> are you there?")
    for channel in (place, private):
        third.join(channel)
        third.leave(channel)
        one.invite(channel, third.user)
        one.kick(channel, third.user)
        one.topic(channel, "what it is about")
        one.purpose(channel, "what it is for")
        one.rename(channel, f"{channel.name}-renamed")
        one.archive(channel)
        one.unarchive(channel)
    one.invite(place, third.user)
    third.kick(place, bot)
    one.kick(private, bot)
    for private_too in (False, True):
        last = one.create(f"tour{len(workspace.channels)}", private=private_too, members=[bot])
        one.delete_channel(last)
    other.change(display_name="another name", status_text="busy", status_emoji=":calendar:")
    slack.join_team(workspace, f"newcomer{len(workspace.users)}")
    third.dm(bot)
    slack.add_emoji(workspace, "squirrel-of-ours")
    slack.add_emoji(workspace, "rodent", "alias:squirrel-of-ours")
    slack.rename_emoji(workspace, "rodent", "rodents")
    slack.remove_emoji(workspace, "rodents")
    slack.rename_team(workspace, f"{workspace.name} United")
    if uninstalls:
        slack.issue(app, "user", workspace, one.user, ("chat:write",), rotating=False)
        slack.uninstall(app, workspace)
