// SPDX-License-Identifier: MIT
// Events against the JSON schema that was generated from @slack/types when the SDK was installed.
'use strict';
const fs = require('node:fs');
const Ajv = require('ajv');

// What a bridge subscribes to, and some more that the test Slack knows.
const EVENTS = ['message.channels', 'message.groups', 'message.im', 'message.mpim', 'app_mention', 'reaction_added',
	'reaction_removed', 'member_joined_channel', 'member_left_channel', 'channel_created', 'channel_rename', 'channel_archive',
	'channel_unarchive', 'channel_deleted', 'channel_left', 'group_rename', 'group_archive', 'group_unarchive', 'group_deleted',
	'group_left', 'user_change', 'user_profile_changed', 'team_join', 'emoji_changed', 'tokens_revoked', 'app_uninstalled',
	'file_shared', 'file_deleted', 'im_created', 'team_rename'];

// Where the types say other than what Slack sends (wire facts in docs/testing.md): name of the definition -> a change to it.
const FAULTS_OF_THE_TYPES = {
	// The message inside of an event has neither channel nor event_ts.
	MessageChangedEvent: inner,
	MessageDeletedEvent: inner,
	ThreadBroadcastMessageEvent: inner,
	// Nobody need have invited somebody; a message under another name has no user.
	ChannelJoinMessageEvent: optional('inviter'),
	ReactionAddedEvent: optional('item_user'),
	ReactionRemovedEvent: optional('item_user'),
	// Recorded events have no such flag.
	ChannelCreatedEvent: (one) => optional('is_frozen')(one.properties.channel),
	// Recorded ones have no fields: users.profile.get does.
	UserChangeEvent: noFields, UserProfileChangedEvent: noFields, TeamJoinEvent: noFields,
	// Removed emoji come without a value, as the documentation has it.
	EmojiChangedEvent: optional('value'),
};
// A private channel's own kinds of message are not there; they are like those of a channel.
const LIKE = (subtype) => subtype?.replace(/^group_/, 'channel_');

function noFields(definition) {
	optional('fields')(definition.properties.user.properties.profile);
}

function optional(key) {
	return (definition) => { definition.required = definition.required.filter((name) => name !== key); };
}

function inner(definition) {
	for (const key of ['message', 'previous_message', 'root']) {
		if (definition.properties[key]) definition.properties[key] = { type: 'object', required: ['type', 'ts'] };
	}
}

function definitionOf(event, schema) {
	const wanted = Object.entries(schema.definitions).filter(([, definition]) => {
		const properties = definition.properties ?? {};
		return properties.type?.const === event.type
			&& (event.type !== 'message' || (properties.subtype?.const ?? undefined) === LIKE(event.subtype));
	}).map(([name]) => name);
	return wanted;
}

let compiled;
function schemas() {
	if (!compiled) {
		const schema = JSON.parse(fs.readFileSync(process.env.SLACK_EVENT_SCHEMA, 'utf8'));
		for (const [name, change] of Object.entries(FAULTS_OF_THE_TYPES)) change(schema.definitions[name]);
		compiled = { schema, ajv: new Ajv({ allErrors: true, strict: false, allowUnionTypes: true }), validators: new Map() };
		compiled.ajv.addSchema({ ...schema, $id: 'events' });
	}
	return compiled;
}

// A sentence for each event that the types do not accept.
function faults(events) {
	const { schema, ajv, validators } = schemas();
	const found = [];
	for (const event of events) {
		const names = definitionOf(event, schema);
		if (names.length === 0) {
			found.push(`${event.type} ${event.subtype ?? ''}: @slack/types knows no such event`);
			continue;
		}
		const tries = names.map((name) => {
			if (!validators.has(name)) validators.set(name, ajv.compile({ $ref: `events#/definitions/${name}` }));
			const validate = validators.get(name);
			return validate(event.subtype ? { ...event, subtype: LIKE(event.subtype) } : event) ? null
				: `${name}: ${ajv.errorsText(validate.errors.slice(0, 4))} in ${JSON.stringify(event).slice(0, 700)}`;
		});
		if (tries.every((one) => one !== null)) found.push(tries[0]);
	}
	return found;
}

module.exports = { EVENTS, faults };
