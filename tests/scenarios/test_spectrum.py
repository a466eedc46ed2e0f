# SPDX-License-Identifier: MIT
"""Our backends under Spectrum 2: an imitation of its side starts them with its command line."""
import os

from harness import spectrum
from harness.process import Failure
from harness.spectrum import wire

USER = "alice@localhost"
ROOM = "#lobby"


async def under_spectrum(world, name, config=""):
    path = os.path.join(world.folder, f"{name}.cfg")
    with open(path, "w") as file:
        file.write(f"[service]\njid = {name}.localhost\nserver_mode = 0\nbackend = /usr/bin/spectrum2_{name}\n"
                   f"users_per_backend = 10\n{config}\n[identity]\nname = {name}\n[logging]\n"
                   f"config = /etc/spectrum2/logging.cfg\n[database]\ntype = sqlite3\n")
    server = spectrum.Spectrum(world.folder, os.path.join(world.build, "backends", name, f"transport-{name}"),
                               f"{name}.localhost", path)
    world.started.append(server)
    await server.start()
    return server


def login(server, password=""):
    server.send(wire.LOGIN, {1: USER, 2: "alice", 3: password, 5: {1: [{1: "send_headlines", 2: "0"}]}})


async def ends_well(server):
    status = await server.ends()
    if status != 0:
        raise Failure(f"{server.process.name} ends with {status}")


async def scenario_irc(world):
    ircd = await world.ngircd()
    carol = await world.irc_client(ircd, "carol")
    await carol.join(ROOM)
    server = await under_spectrum(world, "irc", f"irc_server = 127.0.0.1:{ircd.port}")
    kinds = [kind for kind, _ in server.events]
    config = await server.wait(wire.BACKEND_CONFIG)
    if "muc" not in wire.text(config, 1):
        raise Failure(f"the backend says of itself {wire.text(config, 1)!r}")
    stats = await server.wait(wire.STATS)
    if wire.text(stats, 4) != str(server.process.pid) or stats[1][0] <= 0:
        raise Failure(f"STATS says {stats}; types so far {kinds}")
    mark = server.mark()
    server.send(wire.PING)
    await server.wait(wire.PONG, mark)
    await server.wait(wire.STATS, mark)

    login(server)
    await server.wait(wire.CONNECTED, where=lambda f: wire.text(f, 1) == USER)
    server.send(wire.STATUS_CHANGED, {1: USER, 3: 0, 4: ""})
    server.send(wire.JOIN_ROOM, {1: USER, 2: "alice", 3: ROOM, 4: ""})
    await server.wait(wire.PARTICIPANT_CHANGED, where=lambda f: wire.text(f, 3) == "alice")
    names = [wire.text(fields, 3) for kind, fields in server.events if kind == wire.PARTICIPANT_CHANGED]
    if "carol" not in names or names[-1] != "alice":
        raise Failure(f"the participants come as {names}: one's own has to be the last")
    await server.wait(wire.ROOM_SUBJECT_CHANGED, where=lambda f: "the lobby" in wire.text(f, 3))

    irc_mark = carol.mark()
    server.send(wire.CONV_MESSAGE, {1: USER, 2: ROOM, 3: "hello from Spectrum", 5: ""})
    await carol.expect("^:alice!.* PRIVMSG #lobby :hello from Spectrum$", irc_mark)
    await server.wait(wire.CONV_MESSAGE, where=lambda f: wire.text(f, 2) == ROOM and wire.text(f, 4) == "alice" and
                      wire.text(f, 3) == "hello from Spectrum")
    carol.send("PRIVMSG #lobby :hello Spectrum")
    await server.wait(wire.CONV_MESSAGE, where=lambda f: wire.text(f, 2) == ROOM and wire.text(f, 4) == "carol" and
                      wire.text(f, 3) == "hello Spectrum")
    server.send(wire.CONV_MESSAGE, {1: USER, 2: f"{ROOM}/carol", 3: "psst", 5: ""})
    await carol.expect("PRIVMSG carol :psst$", irc_mark)
    carol.send("NICK caroline")
    await server.wait(wire.PARTICIPANT_CHANGED, where=lambda f: wire.text(f, 7) == "caroline")
    server.send(wire.VCARD, {1: USER, 2: f"{ROOM}/caroline", 3: 5})
    await server.wait(wire.VCARD, where=lambda f: f[3] == [5])
    # what this library does not know, and what it does not support
    server.send(wire.API_VERSION, {1: 1})
    server.send(99, {1: "what is this"})
    server.send(wire.ATTENTION, {1: USER, 2: "caroline", 3: ""})
    server.send(wire.LEAVE_ROOM, {1: USER, 2: "", 3: ROOM, 4: ""})
    await carol.expect("^:alice!.* PART #lobby", irc_mark)
    server.send(wire.LOGOUT, {1: USER, 2: "alice"})
    mark = server.mark()
    server.send(wire.PING)
    await server.wait(wire.PONG, mark)
    server.send(wire.EXIT)
    await ends_well(server)


async def scenario_irc_ends_with_its_connection(world):
    ircd = await world.ngircd()
    carol = await world.irc_client(ircd, "carol")
    await carol.join(ROOM)
    server = await under_spectrum(world, "irc", f"irc_server = 127.0.0.1:{ircd.port}")
    login(server)
    await server.wait(wire.CONNECTED)
    server.send(wire.JOIN_ROOM, {1: USER, 2: "alice", 3: ROOM, 4: ""})
    await carol.expect("^:alice!.* JOIN :?#lobby")
    irc_mark = carol.mark()
    server.writer.close()
    await ends_well(server)
    await carol.expect("^:alice!.* QUIT", irc_mark)


async def scenario_echo(world):
    for last in ("exit", "eof"):
        server = await under_spectrum(world, "echo")
        await server.wait(wire.STATS)
        login(server, "secret")
        await server.wait(wire.CONNECTED)
        # LOGIN of somebody who is there is answered again.
        mark = server.mark()
        login(server, "secret")
        await server.wait(wire.CONNECTED, mark)
        server.send(wire.CONV_MESSAGE, {1: USER, 2: "echo", 3: "is it?", 5: ""})
        await server.wait(wire.CONV_MESSAGE, where=lambda f: wire.text(f, 2) == "echo" and "is it?" in wire.text(f, 3))
        server.send(wire.LOGOUT, {1: USER, 2: "alice"})
        if last == "exit":
            server.send(wire.EXIT)
        else:
            server.writer.close()
        await ends_well(server)
