# SPDX-License-Identifier: MIT
"""Whether contacts are on IRC, and lines of a network that must not throw anybody out."""
from harness.person import error_condition
from harness.process import Failure, wait_until

DOMAIN = "localhost"
GATEWAY = "irc.localhost"
ROOM = f"#lobby@{DOMAIN}"


async def server_on(world, fake, **keys):
    """alice on the gateway as server, on a fake network: (alice, gateway)."""
    _, gateway = await world.irc_server(fake, **{"irc.contact_interval": "1", **keys})
    return await world.person(f"alice@{DOMAIN}", gateway.port), gateway


async def add(alice, *names, domain=DOMAIN):
    for name in names:
        mark = alice.mark()
        alice.send_presence(pto=f"{name}@{domain}", ptype="subscribe")
        await alice.presence(f"{name}@{domain}", "subscribed", mark)


async def scenario_monitor(world):
    fake = await world.fake_irc()
    fake.support = "MONITOR=2"
    alice, _ = await server_on(world, fake)
    await add(alice, "carol", "dave")
    await fake.expect("MONITOR + :carol")
    await fake.expect("MONITOR + :dave")
    mark = alice.mark()
    fake.tell(":irc.fake 730 alice :Carol!u@host.example")
    await alice.presence(f"carol@{DOMAIN}", "available", mark)
    fake.tell(":irc.fake 731 alice :dave,carol")
    await alice.presence(f"carol@{DOMAIN}", "unavailable", mark)
    # There is no place for a third: it is asked for by the clock.
    fake.online.add("eve")
    await add(alice, "eve")
    await alice.presence(f"eve@{DOMAIN}", "available", mark)
    if "MONITOR + :eve" in fake.lines or "ISON eve" not in [line.replace(":", "") for line in fake.lines]:
        raise Failure("eve is not asked for as it should be")
    # The server has less room than it said.
    fake.online.add("dave")
    fake.tell(":irc.fake 734 alice 1 dave :Monitor list is full.")
    await alice.presence(f"dave@{DOMAIN}", "available", mark)
    # Who is removed is not watched any longer, and does not come back by what the network says.
    mark = alice.mark()
    alice.send_presence(pto=f"carol@{DOMAIN}", ptype="unsubscribe")
    await fake.expect("MONITOR - :carol")
    fake.tell(":irc.fake 730 alice :carol!u@h")
    # Rubbish.
    for line in ("730", "730 alice", "730 alice :", "730 alice :,,!,!!", "730 alice :nobody", "731 alice :!x", "734 alice",
                 "734 alice 1 nobody :x", "734 alice 1 dave :again", "303", "303 alice", "303 alice :mallory", "303 alice :eve"):
        fake.tell(f":irc.fake {line}")
    fake.online.discard("eve")
    await alice.presence(f"eve@{DOMAIN}", "unavailable", mark)
    if any(p["from"].bare == f"carol@{DOMAIN}" and (p.xml.get("type") or "available") == "available"
           for p in alice.presences[mark[1]:]):
        raise Failure("carol was removed and is shown")


async def scenario_the_network_is_gone_and_there_again(world):
    fake = await world.fake_irc()
    fake.support = "MONITOR"
    alice, _ = await server_on(world, fake)
    await add(alice, "carol")
    await fake.expect("MONITOR + :carol")
    mark = alice.mark()
    fake.tell(":irc.fake 730 alice :carol!u@h")
    await alice.presence(f"carol@{DOMAIN}", "available", mark)
    seen, mark = len(fake.lines), alice.mark()
    fake.hang_up()
    await alice.presence(f"carol@{DOMAIN}", "unavailable", mark)
    # The backend connects again by itself, and asks again.
    await fake.expect("MONITOR + :carol", seen)
    fake.tell(":irc.fake 730 alice :carol!u@h")
    await alice.presence(f"carol@{DOMAIN}", "available", mark)


async def scenario_contacts_from_before_the_login(world):
    """The gateway remembers them; the network is asked for all at once."""
    fake = await world.fake_irc()
    fake.support = "MONITOR=100"
    alice, gateway = await server_on(world, fake)
    names = [f"friend{number:03}" for number in range(60)]
    await add(alice, *names)
    await alice.stop()
    await gateway.stop()
    seen = len(fake.lines)
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)

    def told():
        lines = [line.split(":")[1] for line in fake.lines[seen:] if line.startswith("MONITOR + :")]
        return lines if set(",".join(lines).split(",")) == set(names) else None
    lines = await wait_until(told, "everybody to be monitored")
    if len(lines) > 4 or max(map(len, lines)) > 450:
        raise Failure(f"it takes lines of {[len(line) for line in lines]} bytes")
    fake.tell(f":irc.fake 730 alice :{names[7]}!u@h,{names[8]}!u@h")
    await alice.presence(f"{names[7]}@{DOMAIN}", "available")
    await alice.presence(f"{names[8]}@{DOMAIN}", "available")


async def scenario_ison_on_ngircd(world):
    ircd, gateway = await world.irc_server(**{"irc.contact_interval": "1"})
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await add(alice, "carol", "dave")
    mark = alice.mark()
    carol = await world.irc_client(ircd, "carol")
    await alice.presence(f"carol@{DOMAIN}", "available", mark, timeout=30)
    mark = alice.mark()
    carol.send("QUIT")
    await alice.presence(f"carol@{DOMAIN}", "unavailable", mark, timeout=30)
    if any(p["from"].bare == f"dave@{DOMAIN}" and p.xml.get("type") is None for p in alice.presences):
        raise Failure("dave was never there")


async def scenario_contacts_on_several_networks(world):
    """A contact is watched on the network that it is of, while somebody is connected there."""
    one, two = await world.ngircd(), await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.keys.update({"irc.allow_private": "1", "irc.contact_interval": "1"})
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    contacts = [f"carol%127.0.0.1\\3a{ircd.port}" for ircd in (one, two)]
    await add(alice, *contacts)
    await world.irc_client(one, "carol")
    await world.irc_client(two, "carol")
    mark = alice.mark()
    alice.say(f"{contacts[0]}@{DOMAIN}", "hello")
    await alice.presence(f"{contacts[0]}@{DOMAIN}", "available", mark, timeout=30)
    if any(p["from"].bare == f"{contacts[1]}@{DOMAIN}" and p.xml.get("type") is None for p in alice.presences[mark[1]:]):
        raise Failure("the other carol is shown without a connection")


async def scenario_a_nickname_refused_out_of_the_blue(world):
    fake = await world.fake_irc()
    alice, _ = await server_on(world, fake)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    mark = alice.mark()
    for line in ("433 alice alice :Nickname is already in use", "432 alice alice :Erroneous Nickname",
                 "437 alice alice :Nick is temporarily unavailable", "436 alice alice :Nickname collision",
                 "433 * alice :Nickname is already in use", "433 alice carol :Nickname is already in use"):
        fake.tell(f":irc.fake {line}")
    fake.tell(":carol!u@h PRIVMSG #lobby :still here?")
    await alice.message(f"{ROOM}/carol", "^still here\\?$", "groupchat", mark)
    if alice.presences[mark[1]:]:
        raise Failure(f"the room has changed: {alice.presences[mark[1]:]}")
    # One that was asked for is still told.
    fake.taken.add("other")
    alice.join(ROOM, "other")
    refusal = await alice.presence(f"{ROOM}/other", "error", mark)
    if error_condition(refusal) != "conflict":
        raise Failure(f"the refusal says {error_condition(refusal)}")
    alice.say(ROOM, "so I stay", "groupchat")
    await alice.message(f"{ROOM}/alice", "^so I stay$", "groupchat", mark)


async def scenario_who_is_banned_is_not_tried_again(world):
    fake = await world.fake_irc()
    fake.refusal = "465 alice :You are banned from this server"
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.irc(fake)
    await gateway.start()
    await gateway.process.wait_log("connected to 127.0.0.1")
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.send_presence(pto=GATEWAY)
    told = await alice.message(GATEWAY, "banned", timeout=30)
    error = told.xml.find("{http://spectrum.im/error}spectrumerror")
    if error is None or error.get("error") != "3":
        raise Failure(f"the error is {told}")
    if fake.connections != 1:
        raise Failure(f"there were {fake.connections} attempts")
