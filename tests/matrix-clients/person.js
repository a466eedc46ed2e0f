// SPDX-License-Identifier: MIT
// A person with matrix-js-sdk. Commands come as lines of JSON, {"do": WHAT, ...}; answers go out likewise, {"done": WHAT, ...} or
// {"error": TEXT}, and between them what comes in, {"event": EVENT} as it is shown: edited, redacted, with its relations.
//   node person.js HOMESERVER NAME PASSWORD
import { createInterface } from "node:readline";
import { ClientEvent, MatrixEventEvent, RelationType, RoomEvent, RoomMemberEvent, createClient } from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";

logger.disableAll();
const [homeserver, name, password] = process.argv.slice(2);
const put = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const first = createClient({ baseUrl: homeserver });
const login = await first.loginRequest({ type: "m.login.password", identifier: { type: "m.id.user", user: name }, password });
const client = createClient({ baseUrl: homeserver, accessToken: login.access_token, userId: login.user_id,
                              deviceId: login.device_id, timelineSupport: true });

function shown(event) {
  const replaced = event.replacingEvent();
  return { id: event.getId(), room: event.getRoomId(), sender: event.getSender(), type: event.getType(),
           content: event.getContent(), state_key: event.getStateKey(), redacted: event.isRedacted(),
           edited: replaced ? replaced.getId() : null, reply_to: event.replyEventId || null,
           relation: event.getRelation() || null, name: event.sender ? event.sender.name : null };
}

client.on(RoomEvent.Timeline, (event) => put({ event: shown(event) }));
client.on(MatrixEventEvent.Replaced, (event) => put({ event: shown(event) }));
client.on(RoomEvent.Redaction, (event, room) => {
  const gone = room.findEventById(event.getAssociatedId());
  if (gone)
    put({ event: shown(gone) });
});
client.on(RoomMemberEvent.Typing, (event, member) => put({ typing: member.typing, who: member.userId, room: member.roomId }));
client.on(RoomEvent.MyMembership, (room, membership) => put({ membership, room: room.roomId }));

const content = (body, more) => ({ msgtype: "m.text", body, ...more });
const commands = {
  async join({ room }) { return { room: (await client.joinRoom(room)).roomId }; },
  async chat({ who }) {
    return { room: (await client.createRoom({ invite: [who], is_direct: true, preset: "trusted_private_chat" })).room_id };
  },
  async say({ room, text, html, reply_to }) {
    const more = html ? { format: "org.matrix.custom.html", formatted_body: html } : {};
    if (reply_to)
      more["m.relates_to"] = { "m.in_reply_to": { event_id: reply_to } };
    return { id: (await client.sendMessage(room, content(text, more))).event_id };
  },
  async edit({ room, id, text }) {
    const changed = content(`* ${text}`, { "m.new_content": content(text),
                                           "m.relates_to": { rel_type: RelationType.Replace, event_id: id } });
    return { id: (await client.sendMessage(room, changed)).event_id };
  },
  async react({ room, id, key }) {
    const relation = { "m.relates_to": { rel_type: RelationType.Annotation, event_id: id, key } };
    return { id: (await client.sendEvent(room, "m.reaction", relation)).event_id };
  },
  async redact({ room, id }) { return { id: (await client.redactEvent(room, id)).event_id }; },
  async typing({ room, on }) { await client.sendTyping(room, on, 10000); return {}; },
  async members({ room }) {
    const joined = client.getRoom(room).getJoinedMembers();
    return { members: joined.map((member) => ({ id: member.userId, name: member.name, power: member.powerLevel })) };
  },
  async upload({ room, name: file, type, base64 }) {
    const bytes = Buffer.from(base64, "base64");
    const { content_uri: url } = await client.uploadContent(bytes, { name: file, type });
    const picture = { msgtype: "m.image", body: file, url, info: { mimetype: type, size: bytes.length } };
    return { id: (await client.sendMessage(room, picture)).event_id };
  },
};

await client.startClient({ initialSyncLimit: 50 });
await new Promise((ready) => client.on(ClientEvent.Sync, (state) => state === "PREPARED" && ready()));
put({ done: "start", id: login.user_id });
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  try {
    put({ done: asked.do, ...await commands[asked.do](asked) });
  } catch (error) {
    put({ error: String(error && error.message || error) });
  }
}
client.stopClient();
process.exit(0);
