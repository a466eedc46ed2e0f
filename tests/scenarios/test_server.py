# SPDX-License-Identifier: MIT
"""XMPP in server mode: people log in to the gateway itself."""
import asyncio
import base64
import os
import signal
import ssl
import subprocess

from harness.certificates import Authority, pkcs12
from harness.person import statuses
from harness.process import PATIENCE, Failure, find_program_or_skip
from harness.raw import RawClient
from harness.gateway import wait_for_answer

DOMAIN = "localhost"
ROOM = f"#lobby@{DOMAIN}"


async def irc_server(world, **keys):
    ircd = await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.irc(ircd)
    gateway.keys.update(keys)
    await gateway.start()
    return ircd, gateway


async def scenario_logs_in_with_tls_and_talks(world):
    ircd, gateway = await irc_server(world)
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, tls=True)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    mark = carol.mark()
    alice.say(ROOM, "over TLS", "groupchat")
    await carol.expect("^:alice!.* PRIVMSG #lobby :over TLS$", mark)
    carol.send("PRIVMSG #lobby :hear you")
    await alice.message(f"{ROOM}/carol", "^hear you$", "groupchat")
    await alice.stop()
    await carol.expect("^:alice!.* (PART|QUIT)", mark)
    await wait_for_answer(gateway, "online_users_count", "0")


async def scenario_two_clients_of_one_person(world):
    ircd, gateway = await irc_server(world, **{"service.more_resources": "1"})
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    desk = await world.person(f"alice@{DOMAIN}/desk", gateway.port)
    desk.join(ROOM, "alice")
    await desk.joined(ROOM, "alice")
    phone = await world.person(f"alice@{DOMAIN}/phone", gateway.port)
    phone.join(ROOM, "alice")
    await phone.joined(ROOM, "alice")
    await phone.presence(f"{ROOM}/carol", "available")
    await phone.message(ROOM, kind="groupchat", where=lambda m: "lobby" in (m["subject"] or ""))
    carol.send("PRIVMSG #lobby :to both")
    await desk.message(f"{ROOM}/carol", "^to both$", "groupchat")
    await phone.message(f"{ROOM}/carol", "^to both$", "groupchat")
    if carol.count("^:alice!.* JOIN") != 1:
        raise Failure("the second client joined the channel once more")
    mark = carol.mark()
    await phone.stop()
    desk.say(ROOM, "still here", "groupchat")
    await carol.expect("PRIVMSG #lobby :still here$", mark)
    if carol.find("^:alice!.* (PART|QUIT)", mark):
        raise Failure("the first client was thrown out with the second")
    await desk.stop()
    await carol.expect("^:alice!.* (PART|QUIT)", mark)
    await wait_for_answer(gateway, "online_users_count", "0")


async def scenario_roster_of_the_server(world):
    ircd, gateway = await irc_server(world, **{"service.more_resources": "1"})
    dave = await world.irc_client(ircd, "dave")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    alice.update_roster(f"dave@{DOMAIN}", name="Dave", groups=["IRC"])
    alice.say(f"dave@{DOMAIN}", "hi dave")
    await dave.expect("^:alice!.* PRIVMSG dave :hi dave$")
    dave.send("PRIVMSG alice :hi alice")
    await alice.message(body="^hi alice$", kind="chat")
    again = await world.person(f"alice@{DOMAIN}", gateway.port)
    if again.client_roster[f"dave@{DOMAIN}"]["name"] != "Dave":
        raise Failure("a contact that was added is not on the roster of the next client")


async def scenario_no_login_without_the_network(world):
    """The backend decides; what it says reaches the client, and nothing is stored."""
    ircd, gateway = await irc_server(world)
    await ircd.stop()
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
                   + base64.b64encode(b"\0alice\0secret").decode() + "</auth>")
    await raw.expect("<failure", 60)
    await raw.close()
    if await gateway.control("online_users_count") != "0":
        raise Failure("somebody is online without a network")


async def scenario_the_first_password_counts(world):
    """The test network takes any password: then the gateway itself holds people to their first one."""
    _, gateway = await irc_server(world)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, password="mine")
    await alice.stop()
    await wait_for_answer(gateway, "online_users_count", "0")
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
                   + base64.b64encode(b"\0alice\0guessed").decode() + "</auth>")
    await raw.expect("not-authorized")
    await raw.close()
    await world.person(f"alice@{DOMAIN}", gateway.port, password="mine")


async def scenario_bad_streams_are_cut_off(world):
    ircd, gateway = await irc_server(world)
    attacks = {
        "a document type": ("<!DOCTYPE x [<!ENTITY a 'b'>]>", "restricted-xml"),
        "a comment": ("<!-- x -->", "restricted-xml"),
        "a processing instruction": ("<?php x ?>", "restricted-xml"),
        "200,000 levels": ("<a>" * 200000, "policy-violation"),
        "an element without end": ("<message><body>" + "x" * 2000000, "policy-violation"),
        "an entity": ("<message><body>&a;", "restricted-xml"),
        "an attribute of 64 MiB": ("<message a='" + "x" * (64 << 20), "policy-violation"),
        "control characters": ("\x01\x02", "not-well-formed"),
        "a control character in a text": ("<message><body>\x07", "not-well-formed"),
        "a reference to a control character": ("<message><body>&#7;", "not-well-formed"),
        "broken UTF-8": (b"<message><body>\xc3\x28", "not-well-formed"),
        "half a surrogate pair": (b"<message><body>\xed\xa0\x80", "not-well-formed"),
        "a million attributes": ("<a " + " ".join(f"a{n}='1'" for n in range(1000000)), "policy-violation"),
        "200,000 namespaces": ("<a " + " ".join(f"xmlns:a{n}='x:{n}'" for n in range(200000)) + "/>", "policy-violation"),
        "200,000 namespaces, one inside of the other": ("".join(f"<a xmlns='x:{n}'>" for n in range(200000)),
                                                        "policy-violation"),
    }
    for name, (data, condition) in attacks.items():
        raw = RawClient(gateway.port)
        await raw.open(DOMAIN)
        # what it says is lost if it closes before we read
        _, text = await asyncio.gather(raw.send(data, may_break=True), raw.until_closed(name))
        if condition not in text:
            raise Failure(f"{name}: the stream ended without {condition}: {text[-300:]!r}")
        await raw.close()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await alice.plugin["xep_0199"].send_ping(DOMAIN)


async def scenario_nothing_before_tls_survives_it(world):
    """Bytes that were sent in the clear behind <starttls/> must not be read as if they came encrypted."""
    _, gateway = await irc_server(world)
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    auth = ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
            + base64.b64encode(b"\0mallory\0x").decode() + "</auth>")
    await raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + auth)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        await raw.expect("<proceed", 5)
        await raw.start_tls(context)
        await raw.open(DOMAIN)
        await asyncio.sleep(0)
        if "success" in raw.seen or "failure" in raw.seen:
            raise Failure("an <auth/> from before TLS was answered")
    except (OSError, ssl.SSLError, EOFError):
        pass  # cutting such a client off is right as well
    await raw.close()


async def scenario_restart_keeps_accounts_and_seals_passwords(world):
    ircd, gateway = await irc_server(world)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, password="canary-password-7261")
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    await gateway.stop()
    for folder, _, files in os.walk(gateway.folder):
        for file in files:
            with open(os.path.join(folder, file), "rb") as content:
                if b"canary-password-7261" in content.read():
                    raise Failure(f"the password stands in {file}")
            path = os.path.join(folder, file)
            if os.stat(path).st_mode & 0o077 and not file.endswith((".log", ".pid", ".port")):
                raise Failure(f"{file} may be read by others: {os.stat(path).st_mode:o}")
    await gateway.start()
    again = await world.person(f"alice@{DOMAIN}", gateway.port, password="canary-password-7261")
    again.join(ROOM, "alice")
    await again.joined(ROOM, "alice")
    if "110" not in statuses(await again.presence(f"{ROOM}/alice", "available")):
        raise Failure("no own presence")


async def fingerprint(openssl, *command, data=b""):
    child = await asyncio.create_subprocess_exec(openssl, *command, stdin=asyncio.subprocess.PIPE,
                                                 stdout=asyncio.subprocess.PIPE, stderr=subprocess.DEVNULL)
    output, _ = await asyncio.wait_for(child.communicate(data), 20 * PATIENCE)
    if command[0] == "s_client":
        return await fingerprint(openssl, "x509", "-noout", "-fingerprint", "-sha256", data=output)
    return output.decode().strip()


async def scenario_a_renewed_certificate_is_taken_by_sighup(world):
    openssl = find_program_or_skip("openssl")
    authority = Authority(world.folder)
    pairs = [authority.issue(name, f"DNS:{DOMAIN}") for name in ("first", "second", "third")]
    path = os.path.join(world.folder, "renewed.pem")

    def put(certificate, key):
        with open(path + ".new", "w") as file:
            file.write(open(key).read() + open(certificate).read())
        os.rename(path + ".new", path)

    async def shown():
        return await fingerprint(openssl, "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-starttls", "xmpp",
                                 "-xmpphost", DOMAIN, "-verify_return_error", "-CAfile", authority.certificate)

    async def expect(certificate, when):
        wanted = await fingerprint(openssl, "x509", "-noout", "-fingerprint", "-sha256", "-in", certificate)
        got = await shown()
        if got != wanted:
            raise Failure(f"{when} clients are shown {got} instead of {wanted}")

    async def reload(text):
        mark = len(gateway.process.log())
        os.kill(gateway.process.pid, signal.SIGHUP)
        await gateway.process.wait_log(text, after=mark)

    put(*pairs[0])
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.keys["service.cert"] = path
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, tls=True)
    await expect(pairs[0][0], "at first")
    put(*pairs[1])
    await expect(pairs[0][0], "without a reload")
    await reload("configuration reloaded")
    await expect(pairs[1][0], "after SIGHUP")
    # What cannot be used changes nothing, neither the certificate nor another key of the file.
    gateway.keys["identity.name"] = "Another name"
    gateway.write_config()
    put(pairs[2][0], pairs[0][1])
    await reload(f"not reloaded: the certificate {path} cannot be used: private key mismatch; the former certificate stays")
    answer = await gateway.control("reload", expect=1)
    if "private key mismatch" not in answer or not answer.startswith("Error: Error during config reload"):
        raise Failure(f"transportctl reload says {answer}")
    os.unlink(path)
    await reload(f"not reloaded: cannot read the certificate {path}: No such file or directory; the former certificate stays")
    await expect(pairs[1][0], "after two wrong files")
    if "identity.name has changed" in gateway.process.log():
        raise Failure("a reload that failed has changed a key")
    # Another file, of the other kind.
    gateway.keys.update({"service.cert": pkcs12(*pairs[2], "sesame"), "service.cert_password": "sesame"})
    gateway.write_config()
    if await gateway.control("reload") != "Config reloaded":
        raise Failure("transportctl reload says something else")
    await expect(pairs[2][0], "after transportctl reload")
    alice.say(f"echo@{DOMAIN}", "on the old connection")
    await alice.message(f"echo@{DOMAIN}", "on the old connection")
