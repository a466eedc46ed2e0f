#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The example that scripts/run starts: a private IRC server with a channel, somebody in it who answers, and the gateway
as XMPP server on loopback. With --chat also an XMPP client in this terminal.
"""
import asyncio
import os
import shutil
import signal
import socket
import ssl
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STATE = os.path.join(TOP, ".run", "demo")
BUILD = os.path.join(TOP, "build", "release")
DOMAIN = "localhost"
CHANNEL = "#lobby"
WAIT_SECONDS = 20


def choose_port(wanted=None):
    for port in (wanted, 0) if wanted else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise SystemExit("There is no free port on 127.0.0.1.")


async def wait_for_port(port, what, process):
    for _ in range(WAIT_SECONDS * 20):
        if process.returncode is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit(f"{what} did not start; its log is in {STATE}")


async def start(name, *argv):
    with open(os.path.join(STATE, f"{name}.log"), "wb") as log:
        return await asyncio.create_subprocess_exec(
            *argv, cwd=STATE, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


async def start_ngircd(port):
    program = shutil.which("ngircd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    config = os.path.join(STATE, "ngircd.conf")
    with open(config, "w") as file:
        file.write(f"""[Global]
Name = irc.example
Info = a private server for the example
Listen = 127.0.0.1
Ports = {port}
ServerUID = {os.getuid()}
ServerGID = {os.getgid()}
MotdPhrase = Welcome.
[Limits]
MaxNickLength = 30
MaxConnectionsIP = 0
[Options]
DNS = no
Ident = no
PAM = no
[Channel]
Name = {CHANNEL}
Topic = The lobby: say something, somebody answers
""")
    server = await start("ngircd", program, "-n", "-f", config)
    await wait_for_port(port, "ngircd", server)
    return server


async def greeter(port):
    """Somebody on IRC who answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    def send(line):
        writer.write(line.encode() + b"\r\n")
    send("NICK greeter")
    send("USER greeter 0 * :who answers")
    while True:
        line = (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            return
        words = line.split(" ", 3)
        author = words[0][1:].split("!")[0]
        if words[0] == "PING":
            send("PONG " + line[5:])
        elif words[1] == "001":
            send(f"JOIN {CHANNEL}")
        elif words[1] == "JOIN" and author != "greeter":
            send(f"PRIVMSG {CHANNEL} :Welcome, {author}. I sit on IRC; you came over the bridge.")
        elif words[1] == "PRIVMSG" and len(words) == 4 and author != "greeter":
            target = CHANNEL if words[2].startswith("#") else author
            send(f"PRIVMSG {target} :{author}, I read: {words[3][1:][:300]}")


async def start_gateway(port, irc_port):
    config = os.path.join(STATE, "transport.cfg")
    with open(os.open(config, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"""[service]
jid = {DOMAIN}
server_mode = 1
server = 127.0.0.1
port = {port}
backend = {BUILD}/backends/irc/transport-irc
irc_server = 127.0.0.1:{irc_port}
working_dir = {STATE}/gateway
pidfile = {STATE}/transportd.pid
portfile = {STATE}/transportd.port
more_resources = 1
[identity]
name = IRC
type = irc
[database]
type = sqlite3
database = {STATE}/gateway/database.sqlite
""")
    gateway = await start("transportd", os.path.join(BUILD, "daemon", "transportd"), config)
    await wait_for_port(port, "transportd", gateway)
    return gateway


def explain(port):
    print(f"""
The gateway runs: an XMPP server on 127.0.0.1, port {port}, in front of a private IRC server.

Log in with any XMPP client on this machine:
    address    alice@{DOMAIN}      (the part before @ becomes your nickname on IRC)
    password   any you like        (the first one counts from then on)
    server     127.0.0.1, port {port}
    The certificate is made for this example: accept it, or trust {STATE}/gateway/cert.pem
Then join the room   {CHANNEL}@{DOMAIN}   and say something: greeter, who sits on IRC, answers.

Logs are in {STATE}. `{BUILD}/daemon/transportctl -c {STATE}/transport.cfg status` asks the gateway.
Ctrl-C stops everything.""", flush=True)


async def chat(port):
    """A minimal XMPP client: prints the channel, sends what is typed."""
    import logging

    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    import slixmpp
    room = f"{CHANNEL}@{DOMAIN}"
    nick = "you"
    client = slixmpp.ClientXMPP(f"{nick}@{DOMAIN}", "anything")
    client.register_plugin("xep_0045")
    client.ca_certs = None
    client.ssl_context = ssl.create_default_context(cafile=os.path.join(STATE, "gateway", "cert.pem"))
    ended = asyncio.Event()

    async def session_start(_):
        client.send_presence()
        # By hand: join_muc of this slixmpp prints what it should not.
        client.plugin["xep_0045"].rooms[room] = {}
        presence = client.make_presence(pto=f"{room}/{nick}")
        slixmpp.ET.SubElement(presence.xml, "{http://jabber.org/protocol/muc}x")
        presence.send()

    def room_message(message):
        if message["subject"] and not message["body"]:
            print(f"* topic: {message['subject']}", flush=True)
        elif message["body"]:
            print(f"<{message['from'].resource}> {message['body']}", flush=True)

    def room_presence(presence):
        here = presence.xml.get("type") is None
        print(f"* {presence['from'].resource} {'is here' if here else 'left'}", flush=True)
    client.add_event_handler("session_start", session_start)
    client.add_event_handler("groupchat_message", room_message)
    client.add_event_handler("groupchat_subject", room_message)
    client.add_event_handler("groupchat_presence", room_presence)
    client.add_event_handler("disconnected", lambda _: ended.set())
    client.add_event_handler("failed_all_auth", lambda _: print("* the login failed", flush=True))
    client.connect(("127.0.0.1", port), force_starttls=True)
    print(f"\nThis terminal is {nick}@{DOMAIN} in {room}. Type, and press Enter. /quit ends.\n", flush=True)

    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while not ended.is_set():
        typed = asyncio.ensure_future(lines.readline())
        over = asyncio.ensure_future(ended.wait())
        await asyncio.wait({typed, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if not typed.done():
            typed.cancel()
            break
        line = typed.result().decode("utf-8", "replace")
        if not line or line.strip() == "/quit":
            break
        if line.strip():
            client.send_message(mto=room, mbody=line.strip("\r\n"), mtype="groupchat")
    # What was typed last is on its way: the server answers it before the stream ends.
    await client.disconnect(wait=2.0)


async def end(processes):
    for process in reversed(processes):
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except asyncio.TimeoutError:
                process.kill()
                await process.wait()


async def main():
    with_chat = "--chat" in sys.argv[1:]
    os.makedirs(STATE, mode=0o700, exist_ok=True)
    processes, tasks = [], []
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    try:
        irc_port, port = choose_port(), choose_port(5222)
        processes.append(await start_ngircd(irc_port))
        tasks.append(asyncio.create_task(greeter(irc_port)))
        processes.append(await start_gateway(port, irc_port))
        explain(port)
        waiting = [asyncio.create_task(interrupted.wait()), asyncio.create_task(processes[-1].wait())]
        if with_chat:
            waiting.append(asyncio.create_task(chat(port)))
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if waiting[1] in done:
            print(f"transportd ended with {processes[-1].returncode}; its log is {STATE}/transportd.log")
        for task in done:
            task.result()
        tasks.extend(waiting)
    finally:
        print("\nStopping ...", flush=True)
        for task in tasks:
            task.cancel()
        await end(processes)


if __name__ == "__main__":
    asyncio.run(main())
