#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The example that scripts/run starts: a private IRC server with a channel, somebody in it who answers, and the gateway
as XMPP server on loopback. With --chat also an XMPP client in this terminal.
"""
import asyncio
import os
import ssl
import sys

from example import BUILD, CHANNEL, Example, choose_port

DOMAIN = "localhost"
EXAMPLE = Example("demo")
STATE = EXAMPLE.state


async def start_gateway(port, irc_port):
    config = EXAMPLE.write_gateway_config(irc_port, f"""jid = {DOMAIN}
server_mode = 1
server = 127.0.0.1
port = {port}
more_resources = 1
""", """[identity]
name = IRC
type = irc
""")
    gateway = await EXAMPLE.start("transportd", os.path.join(BUILD, "daemon", "transportd"), config)
    await EXAMPLE.wait_for_port(port, "transportd", gateway)


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


async def begin():
    port = choose_port(5222)
    await start_gateway(port, await EXAMPLE.start_network())
    explain(port)
    return [asyncio.create_task(chat(port))] if "--chat" in sys.argv[1:] else []


if __name__ == "__main__":
    asyncio.run(EXAMPLE.run(begin))
