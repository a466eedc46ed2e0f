// SPDX-License-Identifier: MIT
// emulate, somebody else's Slack (npm emulate, without Socket Mode), is asked the same as the test Slack by @slack/web-api.
// Their answers agree, but for what is listed below: there emulate is wrong, and says why.
'use strict';
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { WebClient } = require('@slack/web-api');

const SCOPES = ['chat:write', 'chat:write.customize', 'channels:read', 'channels:history', 'channels:join', 'channels:manage', 'channels:write',
	'groups:read', 'groups:history', 'groups:write', 'im:read', 'im:history', 'im:write', 'mpim:read', 'mpim:write', 'users:read',
	'users:read.email', 'files:read', 'files:write', 'reactions:read', 'reactions:write', 'team:read'];
const QUIET = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, setName() {}, getLevel: () => 'error' };

// step -> the right answer, what emulate answers instead, and why that is a fault of it.
const FAULTS = {
	'oauth: wrong secret': { right: '"refused: bad_client_secret"', answer: '"refused: invalid_client_id"', why: 'the documented error is bad_client_secret' },
	'oauth: a way to refuse': { right: '"may be refused"', answer: '"no way to refuse"', why: 'its page has no button to cancel, so nobody comes back with access_denied' },
	'oauth: rotation': { right: '"refused: invalid_refresh_token"', answer: '"refused: invalid_code"', why: 'it knows no grant_type=refresh_token: invalid_refresh_token' },
	'sockets': { right: '"ws"', answer: '"refused: An HTTP protocol error occurred: statusCode = 404"', why: 'it has no Socket Mode, so no apps.connections.open either' },
	'auth.test: unknown token': { right: '"refused: invalid_auth"', answer: '"ok"', why: 'it takes any token for that of its administrator' },
	'create: capitals': { right: '"refused: invalid_name_specials"', answer: '"ok"', why: 'a name has no capitals and no blanks: invalid_name_specials' },
	'join: again': { right: '"already_in_channel"', answer: 'null', why: 'the documented warning is already_in_channel' },
	'join: private': { right: '"refused: channel_not_found"', answer: '"refused: not_in_channel"', why: 'conversations.join has no such error: channel_not_found' },
	'post: custom': { right: '["carol","bot_message"]', answer: '["carol",null]', why: 'a message under another name is a bot_message' },
	'history: range': { right: '2', answer: '8', why: 'it does not know oldest and latest' },
	'history: parent': { right: '[1,1]', answer: '[8,1]', why: 'it does not know oldest and latest' },
	'replies: none': { right: '"refused: thread_not_found"', answer: '"ok"', why: 'the documented error is thread_not_found' },
	'upload: custom': { right: '["carol","y.txt"]', answer: '[null,"y.txt"]', why: 'it does not know username and icon_url of completeUploadExternal' },
	'file: stranger': { right: '[200,"text/html"]', answer: '[401,"text/plain"]', why: 'who may not have a file is shown the login page: 200, text/html' },
	'upload: bytes': { right: '"OK - 23"', answer: '"OK"', why: 'the length is told: OK - 23' },
	'file: deleted': { right: '"refused: file_deleted"', answer: '"refused: file_not_found"', why: 'the documented error is file_deleted' },
'delete: tombstone': { right: '["tombstone","reply"]', answer: '["reply"]', why: 'a parent with replies becomes a tombstone' },
};

function freePort() {
	return new Promise((resolve) => {
		const probe = net.createServer().listen(0, '127.0.0.1', () => {
			const { port } = probe.address();
			probe.close(() => resolve(port));
		});
	});
}

// A running emulate with egon, dana and an app, described as `state` describes a test Slack.
async function startEmulate() {
	const port = await freePort();
	const seed = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'libtransport-emulate-')), 'seed.json');
	fs.writeFileSync(seed, JSON.stringify({ slack: {
		team: { name: 'Softball', domain: 'softball' }, strict_scopes: true,
		users: [{ name: 'egon', real_name: 'Egon Spengler', email: 'egon@example.org', profile: { display_name: 'spengler' } },
			{ name: 'dana', real_name: 'Dana Barrett', email: 'dana@example.org' },
			{ name: 'peter', real_name: 'Peter Venkman', email: 'peter@example.org' }],
		oauth_apps: [{ client_id: '12345.67890', client_secret: 'a secret', app_id: 'A000000001', name: 'bridge',
			redirect_uris: ['http://127.0.0.1/cb'], scopes: SCOPES }],
		tokens: [{ token: 'xoxp-egon', type: 'user', user: 'egon', scopes: SCOPES },
			{ token: 'xoxb-narrow', type: 'bot', user: 'egon', scopes: ['users:read'] }],
	} }));
	const program = path.join(process.env.NODE_PATH, 'emulate', 'dist', 'index.js');
	const child = spawn(process.execPath, [program, 'start', '-s', 'slack', '-p', String(port), '--seed', seed],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
	const said = [];
	child.stdout.on('data', (text) => said.push(text));
	child.stderr.on('data', (text) => said.push(text));
	const url = `http://127.0.0.1:${port}`;
	for (let tries = 0; ; tries++) {
		try {
			await fetch(`${url}/api/auth.test`, { method: 'POST' });
			break;
		} catch (refused) {
			if (tries > 200 || child.exitCode !== null) throw new Error(`emulate does not start: ${said.join('')}`);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
	const stop = () => {
		child.kill();
		fs.rmSync(path.dirname(seed), { recursive: true });
	};
	const user = async (name) => (await new WebClient('xoxp-egon', { slackApiUrl: `${url}/api/`, logger: QUIET }).users
		.lookupByEmail({ email: `${name}@example.org` })).user.id;
	const code = async (redirect) => {
		const form = new URLSearchParams({ user_id: await user('egon'), redirect_uri: redirect, scope: SCOPES.join(','), user_scope: '',
			state: 's', client_id: '12345.67890' });
		const answer = await fetch(`${url}/oauth/v2/authorize/callback`, { method: 'POST', body: form, redirect: 'manual' });
		return new URL(answer.headers.get('location')).searchParams.get('code');
	};
	return { stop, code, url, user, egon: 'xoxp-egon', narrow: 'xoxb-narrow', app_token: 'xapp-1-A000000001-1-x', client_id: '12345.67890', client_secret: 'a secret' };
}

// The same of a test Slack.
async function testSlack(job) {
	const { state } = job;
	const issue = (content) => job.control('issue', content);
	const code = async (redirect) => {
		const query = new URLSearchParams({ client_id: state.client_id, scope: SCOPES.join(','), user_scope: '', redirect_uri: redirect,
			state: 's' });
		const answer = await fetch(`${state.url}/oauth/v2/authorize?${query}`,
			{ method: 'POST', body: new URLSearchParams({ agree: '1' }), redirect: 'manual' });
		return new URL(answer.headers.get('location')).searchParams.get('code');
	};
	return {
		stop() {}, code, url: state.url, user: async (name) => state.users[name], client_id: state.client_id,
		client_secret: state.client_secret, app_token: state.app_token, egon: await issue({ kind: 'user', scopes: SCOPES, user: 'egon' }),
		narrow: await issue({ kind: 'bot', scopes: ['users:read'] }),
	};
}

// What both are asked: [step, what was answered, without ids and times].
async function ask(place) {
	const steps = [];
	const client = (token) => new WebClient(token, { slackApiUrl: `${place.url}/api/`, logger: QUIET,
		retryConfig: { retries: 3, minTimeout: 50, maxTimeout: 200 } });
	const step = async (name, call, look = () => 'ok') => {
		let answer;
		try {
			answer = await call();
			steps.push([name, await look(answer)]);
		} catch (refusal) {
			steps.push([name, `refused: ${refusal.data?.error ?? refusal.message}`]);
		}
		return answer;
	};
	const nobody = client();
	const redirect_uri = 'http://127.0.0.1/cb';
	const identity = { client_id: place.client_id, client_secret: place.client_secret, redirect_uri };

	await step('oauth: wrong secret', async () => nobody.oauth.v2.access({ ...identity, client_secret: 'no', code: await place.code(redirect_uri) }));
	await step('oauth: wrong code', () => nobody.oauth.v2.access({ ...identity, code: 'no' }));
	const code = await place.code(redirect_uri);
	const granted = await step('oauth', () => nobody.oauth.v2.access({ ...identity, code }),
		(one) => [one.token_type, one.access_token.slice(0, 5), one.team.name, one.enterprise, one.is_enterprise_install,
			typeof one.bot_user_id, one.scope.split(',').sort().join()]);
	await step('oauth: a way to refuse', async () => (await fetch(`${place.url}/oauth/v2/authorize?${new URLSearchParams({
		client_id: place.client_id, redirect_uri, scope: 'chat:write', user_scope: '', state: 's' })}`)).text(),
	(page) => (/<(button|a)[^>]*>[^<]*(cancel|deny)/i.test(page) ? 'may be refused' : 'no way to refuse'));
	await step('oauth: rotation', () => nobody.oauth.v2.access({ client_id: place.client_id, client_secret: place.client_secret,
		grant_type: 'refresh_token', refresh_token: 'xoxe-1-no' }));
	await step('sockets', () => client(place.app_token).apps.connections.open({}), (one) => one.url.split(':')[0]);
	await step('oauth: code again', () => nobody.oauth.v2.access({ ...identity, code }));

	const bot = client(granted.access_token);
	const egon = client(place.egon);
	const me = await step('auth.test', () => bot.auth.test(), (one) => [one.team, one.user_id === granted.bot_user_id]);
	await step('auth.test: no token', () => nobody.auth.test());
	await step('auth.test: unknown token', () => client('xoxb-unknown-0').auth.test());
	await step('missing scope', () => client(place.narrow).chat.postMessage({ channel: 'C1', text: 'x' }));
	await step('team.info', () => bot.team.info(), (one) => [one.team.name, one.team.domain]);
	await step('users.info', async () => bot.users.info({ user: await place.user('egon') }),
		(one) => [one.user.name, one.user.real_name, one.user.profile.display_name, one.user.is_bot, one.user.deleted]);
	await step('users.info: nobody', () => bot.users.info({ user: 'U0NOBODY' }));
	await step('users.lookupByEmail: nobody', () => bot.users.lookupByEmail({ email: 'nobody@example.org' }));
	await step('users.getPresence', async () => bot.users.getPresence({ user: await place.user('dana') }), (one) => one.presence);
	await step('users.list', () => bot.users.list({ limit: 2 }), (one) => [one.members.length, one.response_metadata.next_cursor !== '']);

	const name = `e${crypto.randomBytes(4).toString('hex')}`;
	const made = await step('create', () => bot.conversations.create({ name }),
		(one) => [one.channel.name === name, one.channel.is_channel, one.channel.is_private, one.channel.is_archived, one.channel.is_member]);
	const channel = made.channel.id;
	await step('create: taken', () => bot.conversations.create({ name }));
	await step('create: capitals', () => bot.conversations.create({ name: 'With Capitals' }));
	await step('create: long', () => bot.conversations.create({ name: 'x'.repeat(81) }));
	const hidden = await step('create: private', () => bot.conversations.create({ name: `${name}p`, is_private: true }),
		(one) => [one.channel.is_private]);
	await step('join', () => egon.conversations.join({ channel }), (one) => one.channel.id === channel);
	await step('join: again', () => egon.conversations.join({ channel }), (one) => one.warning ?? null);
	await step('join: private', () => egon.conversations.join({ channel: hidden.channel.id }));
	await step('info', () => bot.conversations.info({ channel, include_num_members: true }),
		(one) => [one.channel.num_members, one.channel.topic.value, one.channel.creator === me.user_id]);
	await step('info: none', () => bot.conversations.info({ channel: 'C0NOWHERE' }));
	await step('topic', () => bot.conversations.setTopic({ channel, topic: 'about' }), (one) => one.channel.topic.value);
	await step('purpose', () => bot.conversations.setPurpose({ channel, purpose: 'why' }), (one) => one.channel.purpose.value);
	await step('invite', async () => bot.conversations.invite({ channel, users: await place.user('dana') }));
	await step('invite: again', async () => bot.conversations.invite({ channel, users: await place.user('dana') }));
	await step('invite: myself', () => bot.conversations.invite({ channel, users: me.user_id }));
	await step('members', () => bot.conversations.members({ channel }), (one) => one.members.length);
	await step('kick', async () => bot.conversations.kick({ channel, user: await place.user('dana') }));
	await step('rename', () => bot.conversations.rename({ channel, name: `${name}r` }), (one) => one.channel.name === `${name}r`);
	await step('open', async () => bot.conversations.open({ users: await place.user('peter') }), (one) => one.channel.id[0]);
	await step('open: again', async () => bot.conversations.open({ users: await place.user('peter') }), (one) => one.already_open);
	await step('open: nobody', () => bot.conversations.open({ users: 'U0NOBODY' }));

	const first = await step('post', () => bot.chat.postMessage({ channel, text: 'first' }),
		(one) => [one.channel === channel, one.message.text, one.message.type, typeof one.ts, /^\d{10}\.\d{6}$/.test(one.ts)]);
	await step('post: custom', () => bot.chat.postMessage({ channel, text: 'by carol', username: 'carol', icon_url: 'https://example.org/c.png' }),
		(one) => [one.message.username, one.message.subtype]);
	await step('post: nothing', () => bot.chat.postMessage({ channel }));
	await step('post: nowhere', () => bot.chat.postMessage({ channel: 'C0NOWHERE', text: 'x' }));
	await step('post: blocks', () => bot.chat.postMessage({ channel, text: 'b', blocks: [{ type: 'divider' }] }), (one) => one.message.blocks[0].type);
	await step('post: reply', () => bot.chat.postMessage({ channel, text: 'reply', thread_ts: first.ts }), (one) => one.message.thread_ts === first.ts);
	const theirs = await step('post: egon', () => egon.chat.postMessage({ channel, text: 'by egon' }), (one) => one.message.text);
	await step('me', () => bot.chat.meMessage({ channel, text: 'waves' }), (one) => one.channel === channel);
	await step('update', () => bot.chat.update({ channel, ts: first.ts, text: 'changed' }), (one) => [one.text, one.ts === first.ts]);
	await step('update: none', () => bot.chat.update({ channel, ts: '1234567890.123456', text: 'x' }));
	await step('update: not mine', () => bot.chat.update({ channel, ts: theirs.ts, text: 'x' }));
	await step('permalink', () => bot.chat.getPermalink({ channel, message_ts: first.ts }),
		(one) => one.permalink.endsWith(`/archives/${channel}/p${first.ts.replace('.', '')}`));
	await step('permalink: none', () => bot.chat.getPermalink({ channel, message_ts: '1234567890.123456' }));
	await step('history', () => bot.conversations.history({ channel }),
		(one) => one.messages.filter((m) => m.text && !/has joined|set the channel|renamed|has left/.test(m.text)).map((m) => m.text));
	await step('history: limit', () => bot.conversations.history({ channel, limit: 2 }),
		(one) => [one.messages.length, one.has_more, Boolean(one.response_metadata?.next_cursor)]);
	await step('history: range', () => bot.conversations.history({ channel, oldest: first.ts, latest: theirs.ts }),
		(one) => one.messages.length);
	await step('history: parent', () => bot.conversations.history({ channel, oldest: first.ts, inclusive: true, latest: first.ts }),
		(one) => [one.messages.length, one.messages.find((m) => m.ts === first.ts)?.reply_count]);
	await step('replies', () => bot.conversations.replies({ channel, ts: first.ts }), (one) => one.messages.map((m) => m.text));
	await step('replies: none', () => bot.conversations.replies({ channel, ts: '1234567890.123456' }));

	await step('react', () => bot.reactions.add({ channel, timestamp: theirs.ts, name: 'wave' }));
	await step('react: again', () => bot.reactions.add({ channel, timestamp: theirs.ts, name: 'wave' }));
	await step('react: nothing there', () => bot.reactions.add({ channel, timestamp: '1234567890.123456', name: 'wave' }));
	await step('react: seen', () => bot.reactions.get({ channel, timestamp: theirs.ts }), (one) => one.message.reactions.map((r) => [r.name, r.count]));
	await step('unreact', () => bot.reactions.remove({ channel, timestamp: theirs.ts, name: 'wave' }));
	await step('unreact: again', () => bot.reactions.remove({ channel, timestamp: theirs.ts, name: 'wave' }));

	const content = Buffer.from('some bytes\r\n\0 of a file');
	const ticket = await step('upload: url', () => bot.files.getUploadURLExternal({ filename: 'a.txt', length: content.length }),
		(one) => [typeof one.upload_url, one.file_id[0]]);
	await step('upload: bytes', async () => (await fetch(ticket.upload_url, { method: 'POST', body: content })).text(), (text) => text);
	await step('upload: complete', () => bot.files.completeUploadExternal({ files: [{ id: ticket.file_id, title: 'A' }], channel_id: channel,
		initial_comment: 'a file' }), (one) => [one.files[0].id === ticket.file_id, one.files[0].title]);
	await step('upload: again', () => bot.files.completeUploadExternal({ files: [{ id: ticket.file_id }], channel_id: channel }));
	await step('upload: unknown', () => bot.files.completeUploadExternal({ files: [{ id: 'F0NOTHING' }], channel_id: channel }));
	let info;
	for (let tries = 0; tries < 50 && !info?.file.shares?.public?.[channel]; tries++) {
		await new Promise((resolve) => setTimeout(resolve, 20));
		info = await bot.files.info({ file: ticket.file_id });
	}
	await step('file: info', async () => info, (one) => [one.file.name, one.file.title, one.file.size, one.file.shares.public[channel].length]);
	await step('file: bytes', async () => (await fetch(info.file.url_private_download ?? info.file.url_private,
		{ headers: { authorization: `Bearer ${granted.access_token}` } })).text(), (text) => text === content.toString());
	await step('file: bytes, stranger', async () => (await fetch(info.file.url_private_download ?? info.file.url_private)).text(),
		(text) => text.includes('some bytes'));
	await step('file: stranger', async () => fetch(info.file.url_private_download ?? info.file.url_private),
		(answer) => [answer.status, answer.headers.get('content-type').split(';')[0].toLowerCase()]);
	await step('file: share', () => bot.conversations.history({ channel, limit: 1 }), (one) => [one.messages[0].text, one.messages[0].files?.length]);
	await step('upload: custom', async () => {
		const { upload_url, file_id } = await bot.files.getUploadURLExternal({ filename: 'y.txt', length: 3 });
		await fetch(upload_url, { method: 'POST', body: 'yes' });
		await bot.files.completeUploadExternal({ files: [{ id: file_id }], channel_id: channel, username: 'carol',
			icon_url: 'https://example.org/c.png' });
		for (let tries = 0; ; tries++) {
			const [message] = (await bot.conversations.history({ channel, limit: 1 })).messages;
			if (tries === 50 || message.files?.[0].id === file_id) return message;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}, (message) => [message.username ?? null, message.files?.[0].name]);
	await step('file: none', () => bot.files.info({ file: 'F0NOTHING' }));
	await step('file: delete', () => bot.files.delete({ file: ticket.file_id }));
	await step('file: deleted', () => bot.files.info({ file: ticket.file_id }));

	await step('delete', () => bot.chat.delete({ channel, ts: first.ts }), (one) => one.ts === first.ts);
	await step('delete: tombstone', () => bot.conversations.replies({ channel, ts: first.ts }), (one) => one.messages.map((m) => m.subtype ?? m.text));
	await step('delete: not mine', () => bot.chat.delete({ channel, ts: theirs.ts }));
	await step('delete: none', () => bot.chat.delete({ channel, ts: '1234567890.123456' }));
	await step('leave', () => egon.conversations.leave({ channel }));
	await step('archive', () => bot.conversations.archive({ channel }));
	await step('archive: again', () => bot.conversations.archive({ channel }));
	await step('post: archived', () => bot.chat.postMessage({ channel, text: 'x' }));
	await step('join: archived', () => egon.conversations.join({ channel }));
	await step('list', () => bot.conversations.list({ exclude_archived: true, types: 'public_channel' }),
		(one) => one.channels.some((c) => c.id === channel));
	return steps;
}

// A sentence for each step in which they disagree, and for each fault that emulate does not have any more.
async function disagreements(job) {
	const emulate = await startEmulate();
	let theirs;
	try {
		theirs = new Map((await ask(emulate)).map(([name, answer]) => [name, JSON.stringify(answer)]));
	} finally {
		emulate.stop();
	}
	const found = [];
	const ours = await ask(await testSlack(job));
	for (const [name, answer] of ours) {
		const text = JSON.stringify(answer);
		const fault = FAULTS[name];
		if (fault && text !== fault.right) found.push(`${name}: ${text}, and not ${fault.right}: ${fault.why}`);
		if (fault && theirs.get(name) !== fault.answer) {
			found.push(`${name}: emulate answers ${theirs.get(name)}, no longer ${fault.answer}`);
		} else if (!fault && theirs.get(name) !== text) {
			found.push(`${name}: ${text}, and emulate answers ${theirs.get(name)}`);
		}
	}
	for (const name of Object.keys(FAULTS)) {
		if (!theirs.has(name)) found.push(`${name} is among the faults of emulate, and is not asked`);
	}
	if (ours.length < 70) found.push(`only ${ours.length} steps`);
	return found;
}

module.exports = { disagreements, FAULTS };
