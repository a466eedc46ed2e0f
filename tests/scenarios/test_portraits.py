# SPDX-License-Identifier: MIT
"""Faces in a room of the network: people on Matrix (Synapse) and Slack, seen by somebody on XMPP (Prosody); IRC behind."""
import asyncio
import base64
import hashlib
import struct

from harness.process import require, wait_until
from harness.synapse import client_packages
from test_matrix import enter, with_account
from test_matrix_attachments import picture
from test_slack import Asker

PACKAGES = client_packages
ROOM = "#lobby@irc.localhost"
PHOTO = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"


def photo_of(presence):
    """The hash in it; "" if it says that there is none, None if it says nothing."""
    photo = presence.xml.find(PHOTO)
    return None if photo is None else photo.text or ""


async def face(person, nickname, good=lambda hash: hash, after=(0, 0)):
    """The picture of an occupant, as a client gets it: the hash in the presence, then the card; and the name on that."""
    shown = await person.presence(f"{ROOM}/{nickname}", "available", after, 60,
                                  lambda p: photo_of(p) is not None and good(photo_of(p)))
    card = (await person.plugin["xep_0054"].get_vcard(jid=f"{ROOM}/{nickname}", timeout=60))["vcard_temp"]
    photo = base64.b64decode(card.xml.findtext("{vcard-temp}PHOTO/{vcard-temp}BINVAL") or "")
    require(hashlib.sha1(photo).hexdigest() == photo_of(shown), f"{nickname}: {photo_of(shown)} and {len(photo)} bytes")
    require(card.xml.findtext("{vcard-temp}PHOTO/{vcard-temp}TYPE") == "image/png", f"{nickname}: the type")
    return photo, card["FN"], photo_of(shown)


async def scenario_faces_of_matrix_and_slack_on_xmpp(world):
    """Whoever has an account of his own and a picture on Matrix or Slack has it in the room, too; another one once it is changed."""
    synapse, slack = world.synapse_or_skip(), await world.slack()
    from testslack.server import picture as slack_picture
    ircd, prosody = await world.ngircd(), await world.prosody()
    egon = slack.person("egon", display_name="Egon of Slack")
    egon.user.avatar = "first"
    slack.channel("general", "egon")
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.irc(ircd)
    await gateway.appservice_of(synapse)
    gateway.slack_of(slack)
    gateway.keys.update({"service.frontend": ["xmpp", "matrix", "slack"], "irc.line_interval": "0", "registration.auto_register": "1",
                         "slack.admin": f"{slack.team.id}/{egon.id}"})
    await asyncio.gather(synapse.start(), gateway.start())
    await slack.wait_connected()
    await gateway.process.wait_log("connected to the server as ")
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    # One is there before bob comes, the other comes after him; and carol has no picture.
    mia, _ = await with_account(world, synapse, "mia")
    large = picture(600, 400)
    await mia.set_avatar(await mia.upload(large, "image/png", "me.png"))
    await enter(mia, carol)
    bob = await world.person("bob@localhost", prosody.c2s_port)
    bob.join(ROOM, "bob")
    await bob.joined(ROOM, "bob")
    photo, name, _ = await face(bob, "mia")
    width, height = struct.unpack(">II", photo[16:24])
    require((width, height) == (96, 96), f"a picture of {width} by {height} pixels")
    require(name == "mia", f"she is called {name}")
    asker = Asker(slack, egon)
    mark = carol.mark()
    await asker.command("general", "link #lobby", "tied to #lobby now")
    await asker.ask("login egon", "registered")
    egon.say("general", "here I am")
    await carol.expect(r"^:egon!\S+ PRIVMSG #lobby :here I am$", mark)
    photo, name, first = await face(bob, "egon")
    require(photo == slack_picture("/avatars/first_192.png") and name == "Egon of Slack", f"{name}, {len(photo)} bytes")
    # Another picture, and none.
    mark = bob.mark()
    slack.change_user(slack.team, egon.user, avatar="second")
    photo, _, second = await face(bob, "egon", lambda hash: hash and hash != first, mark)
    require(photo == slack_picture("/avatars/second_192.png"), "he has the old picture")
    await mia.set_avatar("")
    await bob.presence(f"{ROOM}/mia", "available", mark, 60, lambda p: photo_of(p) == "")
    # Whoever comes now gets them at once; who has none is said nothing of.
    await prosody.register("otto", "secret")
    otto = await world.person("otto@localhost", prosody.c2s_port)
    otto.join(ROOM, "otto")
    await otto.joined(ROOM, "otto")
    await wait_until(lambda: any(photo_of(p) == second for p in otto.presences), "egon's face to be seen by otto")
    faces = {p["from"].resource for p in otto.presences if p["from"].bare == ROOM and photo_of(p)}
    require(faces == {"egon"}, f"those of {faces} are seen")
