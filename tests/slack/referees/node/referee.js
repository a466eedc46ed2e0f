// SPDX-License-Identifier: MIT
// Slack's SDKs for Node (@slack/web-api, @slack/socket-mode, @slack/bolt) and the types that Slack publishes (@slack/types,
// as a JSON schema) against a test Slack. Reads jobs, one a line of JSON, and answers them: see ../python/referee.py.
'use strict';
const crypto = require('node:crypto');
const readline = require('node:readline');
const { App, LogLevel, SocketModeReceiver } = require('@slack/bolt');
const { SocketModeClient } = require('@slack/socket-mode');
const { WebClient } = require('@slack/web-api');
const emulate = require('./emulate.js');
const schema = require('./schema.js');

const CHECK_MS = 20000;
const AT_ONCE = 6;
const QUIET = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, setName() {}, getLevel: () => LogLevel.ERROR };

class Wrong extends Error {}
function require_(right, what) {
	if (!right) throw new Wrong(what);
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(condition, what, ms = 8000) {
	const end = Date.now() + ms;
	for (;;) {
		const result = await condition();
		if (result) return result;
		require_(Date.now() < end, `waited in vain for ${what}`);
		await sleep(20);
	}
}
async function refused(promise, error) {
	try {
		await promise;
	} catch (refusal) {
		require_(refusal.data?.error === error, `${refusal.data?.error ?? refusal} instead of ${error}`);
		return refusal;
	}
	throw new Wrong(`${error} was due, and it went well`);
}

class Job {
	constructor(state) {
		this.state = state;
		this.open = [];
		this.web = this.client(state.bot_token);
	}

	client(token, more = {}) {
		return new WebClient(token, {
			slackApiUrl: this.state.api_url, logger: QUIET, retryConfig: { retries: 2, minTimeout: 50, maxTimeout: 100 }, ...more,
		});
	}

	async control(what, content = {}) {
		const answer = await (await fetch(`${this.state.url}/control/${what}`, {
			method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(content),
		})).json();
		require_(answer.error === undefined, `control/${what}: ${answer.error}`);
		return answer.result;
	}

	do(who, deed, arguments_ = {}) {
		return this.control('person', { as: who, do: deed, with: arguments_ });
	}

	channel() {
		const name = `n${crypto.randomBytes(5).toString('hex')}`;
		return this.do('egon', 'create', { name, members: ['dana', this.state.bot_user] });
	}

	// A connected client of Socket Mode. What came is in .seen, in the order it came.
	async socket(acks = true, options = {}) {
		const socket = new SocketModeClient({
			appToken: this.state.app_token, logger: QUIET, clientOptions: { slackApiUrl: this.state.api_url },
			...options,
		});
		socket.seen = [];
		socket.hellos = 0;
		socket.on('slack_event', async (event) => {
			socket.seen.push(event);
			if (acks) await event.ack().catch(() => {});
		});
		socket.on('connected', () => { socket.hellos++; });
		this.open.push(() => socket.disconnect());
		await Promise.race([socket.start(), sleep(5000).then(() => { throw new Wrong('it never connects'); })]);
		return socket;
	}

	expect(socket, good, what) {
		return until(() => socket.seen.map((one) => one.body.event ?? one.body).find(good), what);
	}

	async close() {
		for (const end of this.open) await Promise.race([end().catch(() => {}), sleep(500)]);
	}
}

const checks = {
	// @slack/web-api goes through pages and waits after a 429 by itself.
	async pages(job) {
		await job.control('crowd', { users: 31 });
		const everybody = Object.values((await job.control('state')).users);
		const seen = [];
		for await (const page of job.web.paginate('users.list', { limit: 8 })) {
			require_(page.members.length <= 8, 'a page is too long');
			seen.push(...page.members.map((member) => member.id));
		}
		require_(seen.length === everybody.length && new Set(seen).size === seen.length, `${seen.length} of ${everybody.length}`);
	},

	async rate_limits(job) {
		await job.control('limit', { method: 'users.info', times: 1, retry_after: 1 });
		const proud = job.client(job.state.bot_token, { rejectRateLimitedCalls: true });
		try {
			await proud.users.info({ user: job.state.users.egon });
			throw new Wrong('no limit');
		} catch (refusal) {
			require_(refusal.code === 'slack_webapi_rate_limited_error' && refusal.retryAfter === 1, `${refusal} ${refusal.code}`);
		}
		const begin = Date.now();
		await job.web.users.info({ user: job.state.users.egon });
		require_(Date.now() - begin > 500, 'it did not wait');
	},

	async posting(job) {
		const channel = await job.channel();
		const first = await job.web.chat.postMessage({
			channel, text: 'hi', username: 'carol', icon_url: 'https://x.example/p.png', unfurl_links: false,
			blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'hi' } }],
		});
		require_(first.message.username === 'carol' && first.message.subtype === 'bot_message', JSON.stringify(first));
		require_(first.response_metadata.scopes.includes('chat:write'), JSON.stringify(first.response_metadata));
		await job.web.chat.update({ channel, ts: first.ts, text: 'changed' });
		await job.web.reactions.add({ channel, timestamp: first.ts, name: 'wave' });
		await refused(job.web.reactions.add({ channel, timestamp: first.ts, name: 'wave' }), 'already_reacted');
		const history = await job.web.conversations.history({ channel, limit: 5 });
		require_(history.messages[0].text === 'changed' && history.messages[0].reactions[0].count === 1, JSON.stringify(history));
		await job.web.chat.delete({ channel, ts: first.ts });
		await refused(job.web.chat.delete({ channel, ts: first.ts }), 'message_not_found');
		const missing = await refused(job.web.apiCall('conversations.info', {}), 'invalid_arguments');
		require_(missing.data.response_metadata.messages.length === 1, JSON.stringify(missing.data));
		await refused(job.client('xoxb-nobody').auth.test(), 'invalid_auth');
	},

	async files(job) {
		const channel = await job.channel();
		const content = crypto.randomBytes(70000);
		const answer = await job.web.files.uploadV2({ channel_id: channel, file: content, filename: 'noise.bin', initial_comment: 'noise' });
		const id = answer.files[0].files[0].id;
		const message = await until(async () => (await job.web.conversations.history({ channel })).messages.find((one) => one.files),
			'the share');
		require_(message.files[0].id === id && message.text === 'noise', JSON.stringify(message));
		const got = await fetch(message.files[0].url_private_download, { headers: { authorization: `Bearer ${job.state.bot_token}` } });
		require_(Buffer.from(await got.arrayBuffer()).equals(content), 'its content has changed');
		const stranger = await fetch(message.files[0].url_private_download);
		require_(stranger.headers.get('content-type').startsWith('text/html'), 'anybody gets it');
	},

	// @slack/socket-mode.
	async socket_events(job) {
		const socket = await job.socket();
		const channel = await job.channel();
		const ts = await job.do('egon', 'say', { channel, text: 'one' });
		const event = await job.expect(socket, (one) => one.text === 'one', 'a message');
		require_(event.ts === ts && event.channel_type === 'channel', JSON.stringify(event));
		await until(async () => (await job.control('report')).deliveries.find((one) => one.event.ts === ts)?.acked != null,
			'its acknowledgement');
		require_((await job.control('report')).complaints.length === 0, 'complaints');
		const ids = socket.seen.filter((one) => one.type === 'events_api').map((one) => one.body.event_id);
		require_(new Set(ids).size === ids.length, 'two events have one id');
	},

	async socket_refresh(job) {
		const socket = await job.socket(true, { clientPingTimeout: 1000 });  // which is its patience before it comes back, too
		await job.control('sockets', { do: 'refresh' });
		await until(() => socket.hellos >= 2, 'a second connection');
		const channel = await job.channel();
		await job.do('egon', 'say', { channel, text: 'later' });
		await job.expect(socket, (one) => one.text === 'later', 'an event on the second connection');
	},

	// The client pings each 1.67 s, and the server each 0.2 s here; a peer that is silent for 5 s is left.
	async socket_pings(job) {
		await job.control('set', { of: 'hub', name: 'ping_seconds', value: 0.2 });
		const socket = await job.socket(true, { serverPingTimeout: 5000 });
		let left = false;
		socket.on('close', () => { left = true; });
		let pings = 0;
		const channel = require('node:diagnostics_channel');
		const count = () => { pings++; };
		channel.subscribe('undici:websocket:ping', count);
		await sleep(6500);
		channel.unsubscribe('undici:websocket:ping', count);
		require_(!left, 'the client has left');
		require_(pings > 0, 'the server does not ping');
		const report = await job.control('report');
		require_(report.pings.some((number) => number >= 2), `the client does not ping: ${report.pings} ${report.complaints}`);
	},

	async socket_retry(job) {
		await job.control('set', { of: 'hub', name: 'ack_seconds', value: 0.3 });
		await job.control('set', { of: 'hub', name: 'retry_delays', value: [0, 0.2, 0.2] });
		const socket = await job.socket(false);
		const channel = await job.channel();
		await job.do('egon', 'say', { channel, text: 'again' });
		const tries = () => socket.seen.filter((one) => one.body.event?.text === 'again');
		await until(() => tries().length === 4, 'four attempts', 5000);
		require_(tries().every((one, index) => one.retry_num === index), 'their numbers');
		require_(tries().slice(1).every((one) => one.retry_reason === 'timeout'), 'their reasons');
	},

	async socket_close(job) {
		const socket = await job.socket();
		await until(async () => (await job.control('sockets', { do: 'count' })) === 1, 'the socket');
		// Slack leaves the TCP connection open, so the client takes its time; that it is going is known at once.
		socket.disconnect();
		await until(async () => (await job.control('sockets', { do: 'count' })) === 0, 'the socket to be gone', 2500);
	},

	async link_disabled(job) {
		await job.socket();
		await job.control('sockets', { do: 'disable' });
		await refused(job.client(job.state.app_token).apps.connections.open(), 'forbidden_team');
	},

	// @slack/bolt: listeners, acknowledgements with content, response_url, a modal.
	async bolt(job) {
		const receiver = new SocketModeReceiver({
			appToken: job.state.app_token, logger: QUIET,
			installerOptions: { clientOptions: { slackApiUrl: job.state.api_url } },
		});
		const app = new App({
			token: job.state.bot_token, receiver, logger: QUIET, clientOptions: { slackApiUrl: job.state.api_url },
		});
		const statuses = [];
		app.message('ping', ({ message, say }) => say({ text: 'pong', thread_ts: message.ts }));
		app.command('/bridge', async ({ ack, respond, command }) => {
			await ack({ response_type: 'in_channel', text: `about ${command.text}` });
			for (let index = 0; index < 6; index++) {
				try {
					await respond({ text: `part ${index}`, response_type: 'ephemeral' });
					statuses.push(200);
				} catch (refusal) {
					statuses.push(404);
				}
			}
		});
		app.action('ok', async ({ ack, respond }) => {
			await ack();
			await respond({ replace_original: true, text: 'pressed' });
		});
		app.view('settings', async ({ ack }) => ack({ response_action: 'errors', errors: { name: 'too short' } }));
		app.error(async (error) => { statuses.push(String(error)); });
		await app.start();
		job.open.push(() => app.stop());
		const channel = await job.channel();
		const has = (good, what) => until(async () => (await job.control('history', { in: channel })).find(good), what);
		const ts = await job.do('egon', 'say', { channel, text: 'ping' });
		await has((one) => one.text === 'pong' && one.thread_ts === ts, 'pong');
		const answer = await job.do('dana', 'slash', { command: '/bridge', text: 'list', channel });
		require_(answer.acked && answer.answer.text === 'about list', JSON.stringify(answer));
		await has((one) => one.text === 'about list', 'the answer to the command');
		await until(() => statuses.length === 6, 'its later answers');
		require_(statuses.slice(0, 5).every((one) => one === 200) && statuses[5] !== 200, `a response_url: ${statuses}`);
		const shown = (await job.control('report')).ephemerals.dana ?? [];
		require_(shown.length === 5, JSON.stringify(shown));
		const button = await job.web.chat.postMessage({ channel, text: 'press', blocks: [{ type: 'actions', elements: [
			{ type: 'button', action_id: 'ok', value: 'v', text: { type: 'plain_text', text: 'OK' } }] }] });
		await job.do('egon', 'click', { channel, ts: button.ts, action_id: 'ok', value: 'v' });
		await has((one) => one.ts === button.ts && one.text === 'pressed', 'the changed message');
		const view = await job.do('egon', 'submit', { callback_id: 'settings', values: {} });
		require_(view.answer?.errors?.name === 'too short', JSON.stringify(view));
	},

	// Somebody else's Slack answers the same.
	async emulate(job) {
		const found = await emulate.disagreements(job);
		require_(found.length === 0, found.join('\n'));
	},

	// Everything that can happen, as @slack/types has it.
	async types(job) {
		await job.control('subscribe', { events: schema.EVENTS });
		await job.control('everything');
		const socket = await job.socket();
		await until(async () => (await job.control('report')).deliveries.every((one) => one.acked != null || one.lost),
			'acknowledgements');
		const events = (await job.control('report')).deliveries.filter((one) => one.kind === 'events_api').map((one) => one.event);
		require_(events.length > 40, `only ${events.length} events`);
		const faults = schema.faults(events);
		require_(faults.length === 0, faults.slice(0, 12).map((one) => one.slice(0, 400)).join('\n'));
		require_(socket.seen.length > 0, 'nothing came');
	},
};

async function run(job) {
	const passed = [];
	const failed = {};
	for (const name of job.checks ?? Object.keys(checks)) {
		const connection = new Job(job.state);
		let timer;
		const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Wrong('it does not end')), CHECK_MS); });
		try {
			await Promise.race([checks[name](connection), late]);
			passed.push(name);
		} catch (why) {
			failed[name] = `${why.message ?? why}`.slice(0, 20000) + (why instanceof Wrong ? '' : ` ${why.stack}`.slice(0, 600));
		} finally {
			clearTimeout(timer);
			await connection.close();
		}
	}
	process.stdout.write(`${JSON.stringify({ id: job.id, passed, failed })}\n`);
}

// One call by the SDK, for others who want to see a Slack with its eyes: {api_url, token, method, arguments}. The content of a
// file (`base64`) is uploaded by files.uploadV2, which is three calls.
async function ask({ id, call }) {
	const client = new WebClient(call.token ?? undefined, { slackApiUrl: call.api_url, logger: QUIET,
		retryConfig: { retries: 2, minTimeout: 50, maxTimeout: 100 } });
	const { base64, ...given } = call.arguments;
	let answer;
	try {
		answer = base64 === undefined ? await client.apiCall(call.method, given)
			: await client.filesUploadV2({ ...given, file: Buffer.from(base64, 'base64') });
	} catch (refusal) {
		answer = refusal.data ?? { ok: false, error: `${refusal.message ?? refusal}` };
	}
	process.stdout.write(`${JSON.stringify({ id, answer })}\n`);
}

if (process.argv[2] === '--list') {
	console.log(Object.keys(checks).join('\n'));
} else {
	process.on('unhandledRejection', () => {});
	const waiting = [];
	let running = 0;
	const next = () => {
		while (running < AT_ONCE && waiting.length) {
			running++;
			const job = waiting.shift();
			(job.call ? ask(job) : run(job)).finally(() => { running--; next(); });
		}
	};
	readline.createInterface({ input: process.stdin }).on('line', (line) => { waiting.push(JSON.parse(line)); next(); });
}
