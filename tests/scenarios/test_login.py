# SPDX-License-Identifier: MIT
"""Server mode: what decides whether somebody gets in, and who is thrown out for it."""
import asyncio
import ssl

from harness import namespace
from harness.certificates import Authority, pkcs12
from harness.process import Failure, ended, wait_until
from harness.raw import RawClient, sasl_plain

DOMAIN = "localhost"
ROOM = f"#lobby@{DOMAIN}"


async def log_in(gateway, name="alice", password="secret"):
    """A raw client that has authenticated and bound a resource."""
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send(sasl_plain(name, password))
    await raw.expect("<success", 30)
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    await raw.expect("</iq>")
    return raw


async def scenario_second_login_ends_the_first(world):
    """service.more_resources = 0: the newer client is in, on the same session of the network."""
    ircd, gateway = await world.irc_server(**{"service.more_resources": "0"})
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    first = await log_in(gateway)
    await first.send("<presence/>")
    mark = carol.mark()
    second = await world.person(f"alice@{DOMAIN}", gateway.port)
    text = await first.until_closed("the first client")
    if "<conflict" not in text:
        raise Failure(f"the first client is told {text[-300:]}")
    second.join(ROOM, "alice")
    await second.joined(ROOM, "alice")
    if carol.find("^:alice!.* QUIT", mark):
        raise Failure("the session of the network was ended with the first client")
    # Somebody with another password neither gets in nor throws anybody out.
    thief = RawClient(gateway.port)
    await thief.open(DOMAIN)
    await thief.send(sasl_plain("alice", "guess"))
    await thief.expect("<not-authorized", 30)
    await thief.close()
    second.say(ROOM, "still here", "groupchat")
    await carol.expect("^:alice!.* PRIVMSG #lobby :still here$", mark)
    await first.close()


async def scenario_configured_certificates(world):
    """PEM and PKCS#12: a client that verifies is content; a wrong password or file ends the start in words."""
    authority = Authority(world.folder)
    certificate, key = authority.issue("server", f"DNS:{DOMAIN}")
    pem = certificate[:-4] + "-whole.pem"
    with open(pem, "w") as whole:
        for part in (certificate, key):
            with open(part) as file:
                whole.write(file.read())
    context = ssl.create_default_context(cafile=authority.certificate)
    ircd = await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.irc(ircd)
    for file, password in ((pem, ""), (pkcs12(certificate, key, "p12 secret"), "p12 secret")):
        gateway.keys.update({"service.cert": file, "service.cert_password": password})
        await gateway.start()
        raw = RawClient(gateway.port)
        await raw.open(DOMAIN)
        await raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await raw.expect("<proceed")
        await raw.start_tls(context)
        await raw.open(DOMAIN)
        if "starttls" in raw.seen or "PLAIN" not in raw.seen:
            raise Failure(f"features behind TLS: {raw.seen}")
        await raw.send(sasl_plain("alice", "secret"))
        await raw.expect("<success", 30)
        await raw.close()
        await gateway.stop()
    gateway.keys["service.cert_password"] = "wrong"
    await gateway.start(wait=False)
    status = await ended(gateway.process.child)
    if status != 1 or file not in gateway.process.log():
        raise Failure(f"with a wrong password of the certificate it ends with {status}")
    gateway.process = None


async def scenario_no_password_in_the_clear(world):
    """From another machine PLAIN is there behind TLS only."""
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    port, gateway.port = gateway.port, None
    gateway.keys.update({"service.server": "0.0.0.0", "service.irc_server": f"127.0.0.1:{port}"})
    gateway.wrapper = namespace.wrapper()
    await gateway.start()

    async def connect():
        raw = RawClient(port)
        stranger = await asyncio.to_thread(namespace.connect, gateway.process.pid, port)
        stranger.setblocking(False)
        raw.reader, raw.writer = await asyncio.open_connection(sock=stranger)
        await raw.open(DOMAIN)
        return raw
    await wait_until(lambda: "listening on" in gateway.process.log(), "the gateway to listen")
    raw = await connect()
    if "<required/>" not in raw.seen or "PLAIN" in raw.seen:
        raise Failure(f"features in the clear: {raw.seen}")
    await raw.send(sasl_plain("alice", "secret"), may_break=True)
    await raw.expect("encryption-required")
    await raw.close()
    raw = await connect()
    await raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    await raw.expect("<proceed")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    await raw.start_tls(context)
    await raw.open(DOMAIN)
    if "PLAIN" not in raw.seen:
        raise Failure(f"features behind TLS: {raw.seen}")
    await raw.close()


async def scenario_the_server_says_goodbye(world):
    _, gateway = await world.irc_server()
    raw = await log_in(gateway)
    await raw.send(f"<presence to='{ROOM}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    await raw.expect("code='110'")
    raw.seen = ""
    ended = asyncio.create_task(raw.until_closed("the client"))
    await gateway.stop()
    text = await ended
    if "code='332'" not in text or "<system-shutdown" not in text or not text.endswith("</stream:stream>"):
        raise Failure(f"the goodbye is {text}")
    await raw.close()


async def scenario_speaks_at_once(world):
    """The first words of a client that does not wait for anything after its login are not refused."""
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    await gateway.start()
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send(sasl_plain("alice", "secret"))
    await raw.expect("<success", 30)
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>"
                   f"<message type='chat' to='echo@{DOMAIN}'><body>first words</body></message>")
    await raw.expect("first words")
    if "<error" in raw.seen:
        raise Failure(f"a client that hurries gets {raw.seen}")
    await raw.close()
