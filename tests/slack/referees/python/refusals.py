# SPDX-License-Identifier: MIT
"""Errors that no other check meets: each method is asked for what it refuses, and says why in the documented word."""
from job import check, refused, require


@check
async def refusals(job):
    web, users = job.web, job.state["users"]
    egon, bot = users["egon"], job.state["bot_user"]
    channel, outside = await job.channel(), await job.channel(bot=False)
    general = job.state["channels"]["general"]
    ts = (await web.chat_postMessage(channel=channel, text="mine"))["ts"]

    async def each(error, *calls):
        for call in calls:
            await refused(call, error)
    # What is sent.
    async with job.session.post(job.state["api_url"] + "chat.postMessage", data="{", headers={
            "Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {job.state['bot_token']}"}) as answer:
        require((await answer.json())["error"] == "invalid_json", "broken JSON is taken")
    async with job.session.post(job.state["api_url"] + "chat.postMessage", json=["x"], headers={
            "Authorization": f"Bearer {job.state['bot_token']}"}) as answer:
        require((await answer.json())["error"] == "json_not_object", "a list is taken")
    async with job.session.post(job.state["api_url"] + "chat.postMessage", data="x", headers={
            "Content-Type": "text/csv", "Authorization": f"Bearer {job.state['bot_token']}"}) as answer:
        require((await answer.json())["error"] == "invalid_post_type", "a table is taken")
    # Messages.
    await each("user_not_in_channel", web.chat_postEphemeral(channel=channel, user=users["peter"], text="x"))
    await each("thread_not_found", web.conversations_replies(channel=channel, ts="1234567890.123456"))
    await each("invalid_metadata_format", web.api_call("chat.postMessage", params={"channel": channel, "text": "x", "metadata": "{"}))
    await each("markdown_text_conflict", web.api_call("chat.postMessage", json={"channel": channel, "text": "x",
                                                                                "markdown_text": "x"}))
    await each("msg_blocks_too_long", web.api_call("chat.postMessage", json={"channel": channel, "markdown_text": "x" * 12001}))
    await each("too_many_attachments", web.chat_postMessage(channel=channel, text="x", attachments=[{"text": "x"}] * 101))
    await each("invalid_attachments", web.api_call("chat.update", params={"channel": channel, "ts": ts, "attachments": "{"}))
    for name in ("oldest", "latest"):
        await each(f"invalid_ts_{name}", web.conversations_history(channel=channel, **{name: "yesterday"}))
    await each("no_item_specified", web.api_call("reactions.remove", params={"name": "wave"}))
    for number in range(23):
        await web.reactions_add(channel=channel, timestamp=ts, name=f"emoji{number}")
    await each("too_many_reactions", web.reactions_add(channel=channel, timestamp=ts, name="one_more"))
    for number in range(27):
        await job.do("dana", "react", channel=channel, ts=ts, name=f"dana{number}")
    await each("too_many_emoji", web.reactions_add(channel=channel, timestamp=ts, name="one_more"))
    await each("bot_not_found", web.bots_info(bot="B0NOBODY"))
    await each("missing_argument", web.bots_info())
    await each("team_not_found", web.team_info(team="T0NOWHERE"))
    await each("users_not_found", web.users_lookupByEmail(email="nobody@example.org"))
    # Conversations.
    await each("invalid_types", web.conversations_list(types="open_channel"))
    await each("too_long", web.conversations_setTopic(channel=channel, topic="x" * 251))
    await each("invalid_timestamp", web.conversations_mark(channel=channel, ts="yesterday"))
    await each("invalid_name_punctuation", web.conversations_create(name="--"))
    await each("cant_invite_self", web.conversations_invite(channel=channel, users=bot))
    await each("cant_kick_self", web.conversations_kick(channel=channel, user=bot))
    await each("cant_kick_from_general", web.conversations_kick(channel=general, user=egon))
    await each("cant_leave_general", web.conversations_leave(channel=general))
    await each("cant_archive_general", web.conversations_archive(channel=general))
    await each("not_in_channel", web.conversations_setTopic(channel=outside, topic="x"))
    await each("too_many_users", web.conversations_open(users=[egon] * 9))
    await each("not_enough_users", web.api_call("conversations.open", json={"users": []}))
    # Files.
    await each("file_upload_size_restricted", web.files_getUploadURLExternal(filename="x", length=(1 << 30) + 1))
    _, file = await job.do("egon", "upload", channel=channel, name="a.txt", content="x")
    await each("cant_delete_file", web.files_delete(file=file["id"] if isinstance(file, dict) else file))
    place = await web.files_getUploadURLExternal(filename="b.txt", length=1)
    async with job.session.post(place["upload_url"], data=b"x"):
        pass
    await web.files_completeUploadExternal(files=[{"id": place["file_id"], "title": "b"}])
    await web.files_delete(file=place["file_id"])
    await each("file_deleted", web.files_info(file=place["file_id"]))
    # Who asks.
    nobody = job.with_token(None)
    await each("invalid_client_id", nobody.oauth_v2_access(client_id="1.2", client_secret="x", code="x"))
    await each("invalid_grant_type", nobody.api_call("oauth.v2.access", params={
        "client_id": job.state["client_id"], "client_secret": job.state["client_secret"], "grant_type": "password"}))
    # What is archived, and who has left.
    await web.conversations_archive(channel=channel)
    await each("already_archived", web.conversations_archive(channel=channel))
    await each("is_inactive", web.chat_update(channel=channel, ts=ts, text="x"))
    await job.do("peter", "change", deleted=True)
    await each("user_disabled", web.conversations_open(users=users["peter"]))
    await job.control("set", of="team", name="disabled", value=True)
    await each("team_disabled", web.auth_test())
