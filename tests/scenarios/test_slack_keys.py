# SPDX-License-Identifier: MIT
"""What people enter rooms of the network with: nicknames and passwords that they have said once (transport/rooms/room_key.h)."""
from test_slack import Asker, tied, until


async def scenario_a_channel_is_archived_for_a_while(world):
    """Nobody has left by himself: nickname and password of the room are as good as before when it is opened again."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, carol = lobby.slack, lobby.carol
    slack.channel("den", "egon", ("dana",))
    await carol.join("#den")
    asker, mark = Asker(slack, lobby.dana), carol.mark()
    await asker.ask("login dana", "registered")
    await lobby.asker.command("den", "link #den", "tied to #den now")
    await carol.expect(r"^:dana!\S+ JOIN :?#den$", mark)
    carol.send("MODE #den +k sesame")
    await carol.expect(r"MODE #den \+k")
    await asker.ask("join #den dana sesame", "#den")
    lobby.egon.archive("den")
    await carol.expect(r"^:dana!\S+ PART #den", mark)
    mark = carol.mark()
    lobby.egon.unarchive("den")
    await carol.expect(r"^:dana!\S+ JOIN :?#den$", mark)
    # Who leaves says it again, if at all.
    mark = carol.mark()
    lobby.dana.leave("den")
    await carol.expect(r"^:dana!\S+ PART #den", mark)
    before = len(asker.heard())
    lobby.dana.join("den")
    await until(lambda: any("You are not in #den" in text for text in asker.heard()[before:]), "dana to be told")
