// SPDX-License-Identifier: MIT
// Slack's SDK for Java in the mode of its maintainers, in which a key that it does not know is a failure, against a test
// Slack. Reads jobs, one a line of JSON, and answers them: see ../python/referee.py.

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.slack.api.Slack;
import com.slack.api.SlackConfig;
import com.slack.api.methods.MethodsClient;
import com.slack.api.methods.SlackApiException;
import com.slack.api.methods.SlackApiTextResponse;
import com.slack.api.model.ConversationType;
import com.slack.api.model.event.Event;
import com.slack.api.util.json.GsonFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.jar.JarFile;

public class Referee {
	static class Wrong extends RuntimeException {
		Wrong(String what) {
			super(what);
		}
	}

	interface Check {
		void run(Job job) throws Exception;
	}

	static final int AT_ONCE = 3;
	static final HttpClient BROWSER = HttpClient.newHttpClient();
	static final Map<String, Check> CHECKS = new LinkedHashMap<>();
	// What this SDK has no class for: other kinds of message in private channels are those of public ones.
	static final Map<String, String> LIKE = Map.of("group_join", "channel_join", "group_leave", "channel_leave", "group_name",
		"channel_name", "group_purpose", "channel_purpose", "group_archive", "channel_archive", "group_unarchive",
		"channel_unarchive");
	// Keys that the documentation has and this SDK has not.
	static final List<String> UNKNOWN_TO_THE_SDK = List.of("context_team_id", "context_enterprise_id");
	static final Map<Class<?>, List<String>> UNKNOWN_IN_EVENTS = Map.of(
		com.slack.api.app_backend.events.payload.MessagePayload.class, List.of("app_id"),
		com.slack.api.app_backend.events.payload.MessageBotPayload.class, List.of("app_id", "parent_user_id"),
		com.slack.api.app_backend.events.payload.ImCreatedPayload.class, List.of("channel"),
		com.slack.api.app_backend.events.payload.UserChangePayload.class, List.of("event_ts"),
		com.slack.api.app_backend.events.payload.TeamJoinPayload.class, List.of("event_ts", "cache_ts"));
	static final Gson STRICT;
	static final Map<String, Class<?>> PAYLOADS = new HashMap<>();

	static {
		STRICT = GsonFactory.createSnakeCase(strict());
		CHECKS.put("calls", Referee::calls);
		CHECKS.put("refusals", Referee::refusals);
		CHECKS.put("events", Referee::events);
		CHECKS.put("interactions", Referee::interactions);
	}

	static SlackConfig strict() {
		SlackConfig config = new SlackConfig();
		config.setLibraryMaintainerMode(true);
		config.setFailOnUnknownProperties(true);
		config.setStatsEnabled(false);
		return config;
	}

	static void require(boolean right, Object what) {
		if (!right) throw new Wrong(String.valueOf(what));
	}

	static class Job {
		final JsonObject state;
		final MethodsClient web;
		final MethodsClient nobody;

		Job(JsonObject state) {
			this.state = state;
			SlackConfig config = strict();
			config.setMethodsEndpointUrlPrefix(state.get("api_url").getAsString());
			Slack slack = Slack.getInstance(config);
			web = slack.methods(text("bot_token"));
			nobody = slack.methods();
		}

		String text(String name) {
			return state.get(name).getAsString();
		}

		String user(String name) {
			return state.getAsJsonObject("users").get(name).getAsString();
		}

		JsonElement control(String what, JsonObject content) throws Exception {
			HttpRequest request = HttpRequest.newBuilder(URI.create(text("url") + "/control/" + what))
				.POST(HttpRequest.BodyPublishers.ofString(content.toString())).build();
			JsonObject answer = JsonParser.parseString(BROWSER.send(request, HttpResponse.BodyHandlers.ofString()).body())
				.getAsJsonObject();
			require(!answer.has("error"), answer);
			return answer.get("result");
		}

		JsonElement control(String what) throws Exception {
			return control(what, new JsonObject());
		}

		JsonElement deed(String who, String deed, String... with) throws Exception {
			JsonObject content = new JsonObject();
			JsonObject arguments = new JsonObject();
			for (int at = 0; at < with.length; at += 2) arguments.addProperty(with[at], with[at + 1]);
			content.addProperty("as", who);
			content.addProperty("do", deed);
			content.add("with", arguments);
			return control("person", content);
		}
	}

	static <T extends SlackApiTextResponse> T good(T answer) {
		require(answer.isOk(), answer);
		return answer;
	}

	// Each method that the test Slack has; the client itself parses strictly. test_slack_proof.py looks whether it is all.
	static void calls(Job job) throws Exception {
		MethodsClient web = job.web;
		good(job.nobody.apiTest(r -> r.foo("bar")));
		good(web.authTest(r -> r));
		good(job.nobody.appsConnectionsOpen(r -> r.token(job.text("app_token"))));
		good(web.teamInfo(r -> r));
		good(web.usersList(r -> r.limit(2)));
		good(web.usersInfo(r -> r.user(job.user("egon")).includeLocale(true)));
		good(web.usersInfo(r -> r.user(job.text("bot_user"))));
		good(web.usersProfileGet(r -> r.user(job.user("egon"))));
		good(web.usersGetPresence(r -> r.user(job.user("egon"))));
		good(web.usersLookupByEmail(r -> r.email("dana@example.org")));
		good(web.botsInfo(r -> r.bot(job.text("bot_id"))));
		good(web.emojiList(r -> r));
		String channel = good(web.conversationsCreate(r -> r.name("j" + UUID.randomUUID().toString().substring(0, 8))))
			.getChannel().getId();
		good(web.conversationsInvite(r -> r.channel(channel).users(List.of(job.user("egon"), job.user("dana")))));
		good(web.conversationsSetTopic(r -> r.channel(channel).topic("topic")));
		good(web.conversationsSetPurpose(r -> r.channel(channel).purpose("purpose")));
		good(web.conversationsJoin(r -> r.channel(channel)));
		good(web.conversationsInfo(r -> r.channel(channel).includeNumMembers(true)));
		good(web.conversationsMembers(r -> r.channel(channel)));
		good(web.conversationsList(r -> r.types(List.of(ConversationType.PUBLIC_CHANNEL, ConversationType.PRIVATE_CHANNEL,
			ConversationType.IM, ConversationType.MPIM))));
		good(web.usersConversations(r -> r));
		good(web.usersConversations(r -> r.user(job.user("egon")).excludeArchived(true).types(List.of(
			ConversationType.PUBLIC_CHANNEL, ConversationType.PRIVATE_CHANNEL, ConversationType.MPIM))));
		String direct = good(web.conversationsOpen(r -> r.users(List.of(job.user("peter"))).returnIm(true))).getChannel().getId();
		good(web.conversationsInfo(r -> r.channel(direct)));
		good(web.conversationsClose(r -> r.channel(direct)));
		String group = good(web.conversationsOpen(r -> r.users(List.of(job.user("peter"), job.user("dana"))))).getChannel().getId();
		good(web.conversationsInfo(r -> r.channel(group)));
		String ts = good(web.chatPostMessage(r -> r.channel(channel).text("by carol").username("carol")
			.iconUrl("https://example.org/c.png"))).getTs();
		good(web.chatPostMessage(r -> r.channel(channel).text("a reply").threadTs(ts)));
		good(web.chatPostMessage(r -> r.channel(channel).text("for all").threadTs(ts).replyBroadcast(true)));
		good(web.chatMeMessage(r -> r.channel(channel).text("waves")));
		good(web.chatPostEphemeral(r -> r.channel(channel).user(job.user("egon")).text("for you")));
		good(web.chatUpdate(r -> r.channel(channel).ts(ts).text("changed")));
		good(web.chatGetPermalink(r -> r.channel(channel).messageTs(ts)));
		good(web.reactionsAdd(r -> r.channel(channel).timestamp(ts).name("wave")));
		good(web.reactionsGet(r -> r.channel(channel).timestamp(ts).full(true)));
		String said = job.deed("egon", "say", "channel", channel, "text", "*bold* <@" + job.user("dana") + "> :wave:").getAsString();
		job.deed("egon", "edit", "channel", channel, "ts", said, "text", "_better_");
		job.deed("egon", "upload", "channel", channel, "name", "a.png", "content", "png", "text", "a picture");
		require(good(web.conversationsHistory(r -> r.channel(channel))).getMessages().size() > 5, "its messages");
		require(good(web.conversationsReplies(r -> r.channel(channel).ts(ts))).getMessages().size() == 3, "its replies");
		good(web.reactionsRemove(r -> r.channel(channel).timestamp(ts).name("wave")));
		String file = good(web.filesUploadV2(r -> r.channel(channel).content("some text").filename("a.txt").title("a")
			.requestFileInfo(false))).getFile().getId();
		good(web.filesInfo(r -> r.file(file)));
		good(web.filesDelete(r -> r.file(file)));
		good(web.conversationsMark(r -> r.channel(channel).ts(ts)));
		good(web.conversationsKick(r -> r.channel(channel).user(job.user("dana"))));
		String other = good(web.conversationsCreate(r -> r.name("l" + UUID.randomUUID().toString().substring(0, 8)))).getChannel()
			.getId();
		good(web.conversationsLeave(r -> r.channel(other)));
		require(good(web.conversationsLeave(r -> r.channel(other))).isNotInChannel(), "who is not there leaves once more");
		good(web.chatDelete(r -> r.channel(channel).ts(ts)));
		good(web.conversationsHistory(r -> r.channel(channel)));
		good(web.conversationsRename(r -> r.channel(channel).name("k" + UUID.randomUUID().toString().substring(0, 8))));
		good(web.conversationsArchive(r -> r.channel(channel)));
		JsonObject set = new JsonObject();
		set.addProperty("of", "slack");
		set.addProperty("name", "consent");
		set.addProperty("value", true);
		job.control("set", set);
		String back = BROWSER.send(HttpRequest.newBuilder(URI.create(job.text("url") + "/oauth/v2/authorize?client_id="
			+ job.text("client_id") + "&scope=chat:write&user_scope=chat:write&redirect_uri=http://127.0.0.1/cb")).build(),
			HttpResponse.BodyHandlers.ofString()).headers().firstValue("Location").get();
		good(job.nobody.oauthV2Access(r -> r.clientId(job.text("client_id")).clientSecret(job.text("client_secret"))
			.code(back.replaceAll(".*code=([^&]*).*", "$1")).redirectUri("http://127.0.0.1/cb")));
		good(web.authRevoke(r -> r.test(true)));
	}

	static void refusals(Job job) throws Exception {
		require("channel_not_found".equals(job.web.chatPostMessage(r -> r.channel("C0NOWHERE").text("x")).getError()), "no error");
		require("invalid_auth".equals(job.nobody.authTest(r -> r.token("xoxb-nobody")).getError()), "no error");
		JsonObject limit = new JsonObject();
		limit.addProperty("method", "users.info");
		limit.addProperty("retry_after", 7);
		job.control("limit", limit);
		try {
			job.web.usersInfo(r -> r.user(job.user("egon")));
			throw new Wrong("no limit");
		} catch (SlackApiException refusal) {
			require(refusal.getResponse().code() == 429 && "7".equals(refusal.getResponse().header("Retry-After")), refusal);
		}
	}

	// Everything that can happen, each with its envelope's payload.
	static void events(Job job) throws Exception {
		JsonArray names = new JsonArray();
		for (String name : List.of("message.channels", "message.groups", "message.im", "message.mpim", "app_mention",
			"reaction_added", "reaction_removed", "member_joined_channel", "member_left_channel", "channel_created",
			"channel_rename", "channel_archive", "channel_unarchive", "channel_deleted", "channel_left", "group_rename",
			"group_archive", "group_unarchive", "group_deleted", "group_left", "user_change", "user_profile_changed", "team_join",
			"emoji_changed", "tokens_revoked", "app_uninstalled", "file_shared", "file_deleted", "im_created", "team_rename"))
			names.add(name);
		JsonObject wanted = new JsonObject();
		wanted.add("events", names);
		job.control("subscribe", wanted);
		job.control("everything");
		Map<String, String> faults = new LinkedHashMap<>();
		int count = 0;
		for (JsonElement one : job.control("report").getAsJsonObject().getAsJsonArray("deliveries")) {
			count++;
			String fault = fault(one.getAsJsonObject().getAsJsonObject("payload").deepCopy());
			if (fault != null) faults.putIfAbsent(fault.split(" in \\{")[0], fault);
		}
		require(count > 90, "only " + count + " events");
		require(faults.isEmpty(), String.join("\n", faults.values()));
	}

	static String fault(JsonObject payload) throws Exception {
		UNKNOWN_TO_THE_SDK.forEach(payload::remove);
		JsonObject event = payload.getAsJsonObject("event");
		String type = event.get("type").getAsString();
		String subtype = event.has("subtype") && type.equals("message") ? event.get("subtype").getAsString() : "";
		if (LIKE.containsKey(subtype)) {
			subtype = LIKE.get(subtype);
			event.addProperty("subtype", subtype);
		}
		Class<?> kind = payloads().get(type + ":" + subtype);
		if (kind == null) return type + " " + subtype + ": the SDK knows no such event";
		UNKNOWN_IN_EVENTS.getOrDefault(kind, List.of()).forEach(event::remove);
		try {
			Object parsed = STRICT.fromJson(payload, kind);
			Object inner = kind.getMethod("getEvent").invoke(parsed);
			require(inner != null && ((Event) inner).getType().equals(type), "the event is lost");
			return null;
		} catch (RuntimeException problem) {
			return kind.getSimpleName() + ": " + problem.getMessage() + " in " + shortened(payload.toString());
		}
	}

	static String shortened(String text) {
		return text.substring(0, Math.min(600, text.length()));
	}

	static void interactions(Job job) throws Exception {
		JsonObject quick = new JsonObject();
		quick.addProperty("of", "hub");
		quick.addProperty("name", "ack_seconds");
		quick.addProperty("value", 0.1);
		job.control("set", quick);
		job.deed("dana", "slash", "command", "/bridge", "text", "list", "channel", "general");
		String ts = job.deed("egon", "say", "channel", "general", "text", "a button").getAsString();
		job.deed("egon", "click", "channel", "general", "ts", ts, "action_id", "ok", "value", "v");
		JsonObject content = JsonParser.parseString("{\"as\":\"egon\",\"do\":\"submit\",\"with\":{\"callback_id\":\"c\",\"values\":{}}}")
			.getAsJsonObject();
		job.control("person", content);
		Gson gson = STRICT;
		int seen = 0;
		for (JsonElement one : job.control("report").getAsJsonObject().getAsJsonArray("deliveries")) {
			JsonObject payload = one.getAsJsonObject().getAsJsonObject("payload");
			if (payload.has("command")) {
				// It comes in a form, elsewhere: there its flag is text.
				payload.addProperty("is_enterprise_install", false);
				gson.fromJson(payload, com.slack.api.app_backend.slash_commands.payload.SlashCommandPayload.class);
				seen++;
			} else if (payload.get("type").getAsString().equals("block_actions")) {
				gson.fromJson(payload, com.slack.api.app_backend.interactive_components.payload.BlockActionPayload.class);
				seen++;
			} else if (payload.get("type").getAsString().equals("view_submission")) {
				gson.fromJson(payload, com.slack.api.app_backend.views.payload.ViewSubmissionPayload.class);
				seen++;
			}
		}
		require(seen == 3, "only " + seen + " of 3");
	}

	// "type:subtype" of an event -> the class of its payload.
	static synchronized Map<String, Class<?>> payloads() throws Exception {
		if (!PAYLOADS.isEmpty()) return PAYLOADS;
		String folder = "com/slack/api/app_backend/events/payload/";
		String jar = com.slack.api.app_backend.events.payload.EventsApiPayload.class.getProtectionDomain().getCodeSource()
			.getLocation().getPath();
		try (JarFile files = new JarFile(jar)) {
			for (String name : files.stream().map(Object::toString).filter(n -> n.startsWith(folder) && n.endsWith("Payload.class"))
				.toList()) {
				Class<?> kind = Class.forName(name.replace('/', '.').substring(0, name.length() - 6));
				if (kind.isInterface() || Arrays.stream(kind.getMethods()).noneMatch(m -> m.getName().equals("getEvent"))) continue;
				Class<?> event = Arrays.stream(kind.getMethods()).filter(m -> m.getName().equals("getEvent") && !m.isBridge())
					.findFirst().get().getReturnType();
				PAYLOADS.put(constant(event, "TYPE_NAME") + ":" + constant(event, "SUBTYPE_NAME"), kind);
			}
		}
		require(PAYLOADS.size() > 50, "where are the payloads? " + PAYLOADS);
		return PAYLOADS;
	}

	static String constant(Class<?> event, String name) throws Exception {
		try {
			return (String) event.getField(name).get(null);
		} catch (NoSuchFieldException none) {
			return "";
		}
	}

	static String run(String line) {
		JsonObject job = JsonParser.parseString(line).getAsJsonObject();
		JsonArray passed = new JsonArray();
		JsonObject failed = new JsonObject();
		for (JsonElement name : job.getAsJsonArray("checks")) {
			try {
				CHECKS.get(name.getAsString()).run(new Job(job.getAsJsonObject("state")));
				passed.add(name);
			} catch (Throwable problem) {
				StackTraceElement place = Arrays.stream(problem.getStackTrace())
					.filter(p -> p.getClassName().startsWith("Referee") && !p.getMethodName().equals("require")).findFirst().orElse(null);
				failed.addProperty(name.getAsString(), problem + " at " + place);
			}
		}
		JsonObject answer = new JsonObject();
		answer.add("id", job.get("id"));
		answer.add("passed", passed);
		answer.add("failed", failed);
		return answer.toString();
	}

	public static void main(String[] arguments) throws Exception {
		PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
		System.setErr(new PrintStream(System.err, true, StandardCharsets.UTF_8));
		if (arguments.length > 0 && arguments[0].equals("--list")) {
			CHECKS.keySet().forEach(out::println);
			return;
		}
		ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line; (line = in.readLine()) != null;) {
			String job = line;
			pool.submit(() -> out.println(run(job)));
		}
		pool.shutdown();
		System.exit(0);
	}
}
