/* SPDX-License-Identifier: MIT */
/* Codes that link addresses to one account, and what follows for the session that they share. */
#include "tests/unit/transport/fixture.h"

#include <stdio.h>

#include "transport/people/link.h"
#include "transport/people/resident.h"
#include "transport/routing/delivery.h"

#define MATRIX "@al:hs"

static const char *const both[] = {"service.frontend=xmpp", "service.frontend=other"};

static void start(void)
{
	fixture_start(both, ARRAY_SIZE(both));
	assert_non_null(fx->other);
	store_account("alice@x", "al", "pw");
}

/* What the gateway says to `link`; to be freed. */
static char *get_code(const char *address)
{
	chat(address, "link");
	store_pump();
	const char *text = strstr(buf_text(&fx->answer), "link ");

	assert_non_null(text);
	forget();
	return mem_strndup(text + strlen("link "), strcspn(text + strlen("link "), "\n"));
}

static void say_code(struct frontend *frontend, const char *address, const char *code)
{
	char *line = mem_printf("link %s", code);

	chat_at(frontend, address, line);
	store_pump();
	mem_free(line);
}

static void link_matrix(void)
{
	char *code = get_code("alice@x");

	say_code(fx->other, MATRIX, code);
	assert_true(was_told("store link other " MATRIX " 0"));
	assert_true(was_told("answer 0"));
	forget();
	mem_free(code);
}

static void come(struct frontend *frontend, const char *address, const char *resource)
{
	session_presence(session_attach(frontend, address, resource, NULL), STATUS_ONLINE, NULL, 0);
	store_pump();
}

static int write_from(struct frontend *frontend, const char *address, const char *resource, const char *text)
{
	struct resource *from = session_find(fx->transport, frontend, address, resource);

	assert_non_null(from);
	return router_from_frontend(
		from, &(struct event){.type = EVENT_MESSAGE, .message = {.name = "bob", .text = text, .id = "i"}});
}

static void test_link(void **state)
{
	(void)state;
	start();
	log_in("alice@x", "phone");
	char *code = get_code("alice@x");

	assert_true(link_is_code(code));
	say_code(fx->other, MATRIX, code);
	/* The other addresses are told, and how to undo it; the frontend learns that there is an account now. */
	expect("store link other " MATRIX " 0\n"
	       "frontend notify alice@x '" MATRIX " (other) is an address of your account now. If that was not you, say: "
	       "unlink " MATRIX "'\n"
	       "frontend registered " MATRIX " 1\n"
	       "answer 0 'This address belongs to your account now: what is said there'\n");
	assert_non_null(strstr(buf_text(&fx->answer), "alice@x (xmpp), " MATRIX " (other)"));
	/* It is used up. */
	say_code(fx->other, "@eve:hs", code);
	assert_true(was_told("answer -2 'That code is not good"));
	forget();
	come(fx->other, MATRIX, "");
	assert_true(was_told(MATRIX "/ session connected"));
	assert_ptr_equal(session_find_identity(fx->transport, fx->other, MATRIX)->user, user_find(fx->transport, "alice@x"));
	/* Both say so. */
	chat_at(fx->other, MATRIX, "status");
	store_pump();
	assert_non_null(strstr(buf_text(&fx->answer), "\naddresses: alice@x (xmpp), " MATRIX " (other)"));
	chat("alice@x", "settings");
	store_pump();
	assert_non_null(strstr(buf_text(&fx->answer), "\naddresses: alice@x (xmpp), " MATRIX " (other)"));
	mem_free(code);
}

static unsigned signed_out;

static void on_signed_out(struct frontend *frontend, const char *address, const char *legacy_name)
{
	assert_ptr_equal(frontend, fx->other);
	assert_string_equal(address, MATRIX);
	assert_string_equal(legacy_name, "al");
	signed_out++;
}

/* Who may not use one of his addresses any more keeps the others; else the account is switched off. */
static void test_signed_out(void **state)
{
	(void)state;
	start();
	log_in("alice@x", "phone");
	link_matrix();
	come(fx->other, MATRIX, "");
	resident_sign_out(fx->other, MATRIX, on_signed_out);
	store_pump();
	assert_int_equal(signed_out, 1);
	assert_null(session_find_identity(fx->transport, fx->other, MATRIX));
	struct user *user = user_find(fx->transport, "alice@x");

	assert_int_equal(user->state, USER_CONNECTED);
	assert_true(user_may_log_in(user, NULL));
	/* Nobody of that address is here. */
	resident_sign_out(fx->other, MATRIX, on_signed_out);
	store_pump();
	assert_int_equal(signed_out, 1);
	/* The only address that is left, and the session stays without clients. */
	come(fx->other, MATRIX, "");
	user_set_setting(user, "stay_connected", "1");
	chat("alice@x", "unlink alice@x");
	store_pump();
	forget();
	resident_sign_out(fx->other, MATRIX, on_signed_out);
	store_pump();
	assert_int_equal(signed_out, 2);
	assert_true(was_told("b1 logout al"));
	assert_null(session_find_identity(fx->transport, fx->other, MATRIX));
	/* That is so already. */
	store_setting("alice@x", "enable_transport", "0");
	come(fx->other, MATRIX, "");
	resident_sign_out(fx->other, MATRIX, on_signed_out);
	store_pump();
	assert_int_equal(signed_out, 2);
	assert_null(session_find_identity(fx->transport, fx->other, MATRIX));
}

static void test_one_session(void **state)
{
	(void)state;
	start();
	log_in("alice@x", "phone");
	link_matrix();
	come(fx->other, MATRIX, "");
	forget();
	assert_int_equal(write_from(fx->other, MATRIX, "", "hi"), 0);
	expect("b1 message bob: hi id=i\nalice@x message bob: hi id=i carbon\n");
	assert_int_equal(write_from(fx->frontend, "alice@x", "phone", "ho"), 0);
	expect("b1 message bob: ho id=i\n" MATRIX " message bob: ho id=i carbon\n");
	/* The answer comes to both, on XMPP to the client that wrote. */
	from_backend(&fx->backends[0], (struct event){.type = EVENT_MESSAGE,
						      .user = "alice@x",
						      .message = {.name = "bob", .text = "hello you"}});
	expect("alice@x/phone message bob: hello you\n" MATRIX " message bob: hello you\n");
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_CHAT_STATE, .user = "alice@x", .chat_state = {"bob", CHAT_STATE_COMPOSING}});
	expect("alice@x/phone state bob 1\n" MATRIX " state bob 1\n");
	/* A receipt is for the client whose message it is of. */
	from_backend(&fx->backends[0],
		     (struct event){.type = EVENT_RECEIPT, .user = "alice@x", .receipt = {"bob", "i"}});
	expect("alice@x/phone receipt bob i\n");
}

/* What cannot be shown at once is kept, as it was acknowledged where it was said. */
static void test_copies_are_kept(void **state)
{
	(void)state;
	start();
	log_in("alice@x", "phone");
	link_matrix();
	come(fx->other, MATRIX, "");
	fx->promise = TP_ERR_NOT_CONNECTED;
	assert_int_equal(write_from(fx->frontend, "alice@x", "phone", "hi"), 0);
	forget();
	fx->promise = 0;
	delivery_frontend_ready(fx->other);
	expect(MATRIX " message bob: hi id=i carbon\n");
}

static void test_wrong_codes(void **state)
{
	(void)state;
	start();
	char *code = get_code("alice@x");

	for (int i = 0; i < LIMIT_LINK_TRIES; i++) {
		forget();
		say_code(fx->other, "@eve:hs", "abcd-efgh-ijkl");
		assert_true(was_told("answer -2 'That code is not good"));
	}
	/* Even with the right one. */
	forget();
	say_code(fx->other, "@eve:hs", code);
	expect("answer -8 'That were too many wrong codes. Please try again in ten minu'\n");
	/* Others may; letters of any size, without hyphens. */
	for (char *c = code; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	say_code(fx->other, MATRIX, code);
	assert_true(was_told("answer 0"));
	/* Eve may try again when the time is over. */
	links_expire(fx->transport, clock_ms() + LIMIT_LINK_CODE_SECONDS * 1000 + 1);
	forget();
	say_code(fx->other, "@eve:hs", "abcd-efgh-ijkl");
	assert_true(was_told("answer -2"));
	mem_free(code);
}

static void test_a_code_ends(void **state)
{
	(void)state;
	start();
	char *first = get_code("alice@x"), *second = get_code("alice@x");

	/* One at a time: the newest. */
	say_code(fx->other, MATRIX, first);
	assert_true(was_told("answer -2"));
	forget();
	links_expire(fx->transport, clock_ms() + LIMIT_LINK_CODE_SECONDS * 1000 + 1);
	say_code(fx->other, MATRIX, second);
	assert_true(was_told("answer -2"));
	assert_null(session_find_identity(fx->transport, fx->other, MATRIX));
	mem_free(first);
	mem_free(second);
}

/* Where ten thousand have tried, nobody else may. */
static void test_too_many_try(void **state)
{
	char address[32];

	(void)state;
	start();
	char *code = get_code("alice@x");

	for (int i = 0; i < LIMIT_LINK_TRIERS; i++) {
		snprintf(address, sizeof(address), "@eve%d:hs", i);
		chat_at(fx->other, address, "link abcd-efgh-ijkl");
		buf_clear(&fx->log);
	}
	say_code(fx->other, MATRIX, code);
	assert_true(was_told("answer -8"));
	mem_free(code);
}

static void test_too_many_codes(void **state)
{
	char address[32];

	(void)state;
	start();
	for (int i = 0; i < LIMIT_LINK_CODES; i++) {
		snprintf(address, sizeof(address), "p%d@x", i);
		store_account(address, "p", "");
		mem_free(get_code(address));
	}
	chat("alice@x", "link");
	store_pump();
	assert_true(was_told("answer -8 'Too many people are linking addresses."));
}

static void test_too_many_addresses(void **state)
{
	char address[32];

	(void)state;
	start();
	char *code = get_code("alice@x");

	for (int i = 1; i < LIMIT_IDENTITIES_PER_ACCOUNT; i++) {
		snprintf(address, sizeof(address), "@al%d:hs", i);
		say_code(fx->other, address, code);
		assert_true(was_told("answer 0"));
		mem_free(code);
		forget();
		code = i + 1 < LIMIT_IDENTITIES_PER_ACCOUNT ? get_code("alice@x") : NULL;
	}
	chat("alice@x", "link");
	store_pump();
	assert_true(was_told("answer -8 'Your account has too many addresses."));
}

static void test_two_at_once(void **state)
{
	(void)state;
	start();
	char *code = get_code("alice@x"), *line = mem_printf("link %s", code);

	chat_at(fx->other, MATRIX, line);
	chat_at(fx->other, "@eve:hs", line);
	store_pump();
	assert_true(was_told("store link other " MATRIX " 0"));
	assert_false(was_told("store link other @eve:hs"));
	assert_true(was_told("answer -2"));
	mem_free(line);
	mem_free(code);
}

static void test_never_merged(void **state)
{
	(void)state;
	start();
	store_account("carol@x", "carol", "pw");
	char *code = get_code("alice@x");

	say_code(fx->frontend, "carol@x", code);
	assert_true(was_told("answer -3 'You have an account of your own here (carol)"));
	assert_non_null(strstr(buf_text(&fx->answer), "unregister"));
	forget();
	say_code(fx->frontend, "alice@x", code);
	expect("answer -3 'This address belongs to that account already.'\n");
	/* As she was told. */
	chat("carol@x", "unregister");
	store_pump();
	forget();
	say_code(fx->frontend, "carol@x", code);
	assert_true(was_told("store link xmpp carol@x 0"));
	mem_free(code);
}

static void test_who_may_not(void **state)
{
	(void)state;
	store_ban("eve@x", "Spam.");
	start();
	chat("nobody@x", "link");
	store_pump();
	expect("answer -5 'You have no account here.'\n");
	char *code = get_code("alice@x");

	say_code(fx->frontend, "eve@x", code);
	assert_true(was_told("answer -4"));
	assert_false(was_told("store link"));
	mem_free(code);
}

static void test_unlink(void **state)
{
	(void)state;
	start();
	struct user *user = log_in("alice@x", "phone");

	chat("alice@x", "unlink");
	store_pump();
	assert_true(was_told("answer -4 'That is the last address of your account."));
	link_matrix();
	come(fx->other, MATRIX, "");
	join("alice@x", "phone", "#a", "al");
	router_from_frontend(session_find(fx->transport, fx->other, MATRIX, ""),
			     &(struct event){.type = EVENT_ROOM_JOIN, .room = {.name = "#a", .nickname = "al"}});
	forget();
	chat("alice@x", "unlink nobody@x");
	store_pump();
	assert_true(was_told("answer -2 'That is no address of your account."));
	forget();
	chat("alice@x", "unlink " MATRIX);
	store_pump();
	assert_true(was_told("store unlink other " MATRIX " 0"));
	assert_true(was_told(MATRIX "/ leave #a 'This address does not belong to the account any more.'"));
	assert_true(was_told(MATRIX " session unregistered 'This address does not belong to the account any more.'"));
	assert_true(was_told("frontend registered " MATRIX " 0"));
	assert_true(was_told("answer 0 '" MATRIX " (other) is no address of the account any more.'"));
	assert_null(session_find_identity(fx->transport, fx->other, MATRIX));
	/* The session goes on where it began, in its room. */
	assert_int_equal(user->state, USER_CONNECTED);
	assert_non_null(room_find(user, "#a"));
	forget();
	assert_int_equal(write_from(fx->frontend, "alice@x", "phone", "hi"), 0);
	expect("b1 message bob: hi id=i\n");
}

/* The account goes on under its key, which is the first address's; whoever registers from that gets another. */
static void test_first_address_leaves(void **state)
{
	(void)state;
	start();
	log_in("alice@x", "phone");
	link_matrix();
	come(fx->other, MATRIX, "");
	forget();
	chat("alice@x", "unlink");
	store_pump();
	assert_true(was_told("answer 0 'alice@x (xmpp) is no address of the account any more.'"));
	assert_non_null(user_find(fx->transport, "alice@x"));
	forget();
	chat("alice@x", "register other-name secret");
	store_pump();
	assert_true(was_told("store add xmpp=3a2=3aalice=40x@gw.x other-name"));
	assert_true(was_told("answer 0 'You are registered.'"));
	assert_true(store_has("alice@x"));
	forget();
	come(fx->frontend, "alice@x", "phone");
	assert_ptr_equal(find("alice@x", "phone")->identity->user, user_find(fx->transport, "xmpp=3a2=3aalice=40x@gw.x"));
	chat("alice@x", "register other-name secret");
	store_pump();
	assert_true(was_told("answer 0 'Your registration was changed.'"));
}

static void test_the_last_client_is_unlinked(void **state)
{
	(void)state;
	start();
	log_in("alice@x", "phone");
	link_matrix();
	chat("alice@x", "unlink");
	store_pump();
	/* Nobody is left who is there. */
	assert_true(was_told("b1 logout"));
	assert_null(user_find(fx->transport, "alice@x"));
}

static void test_codes(void **state)
{
	(void)state;
	assert_true(link_is_code("abcd-efgh-ij27"));
	assert_true(link_is_code("ABCD-efgh-ij27"));
	assert_false(link_is_code("abcd-efgh-ij28"));
	assert_false(link_is_code("abcd-efgh-ij2"));
	assert_false(link_is_code("abcd-efgh-ij277"));
	assert_false(link_is_code("abcdefgh-ij27--"));
	assert_false(link_is_code("#channel"));
	assert_false(link_is_code(""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_link),
		TEST(test_signed_out), TEST(test_one_session),
		TEST(test_copies_are_kept),
		TEST(test_wrong_codes),
		TEST(test_a_code_ends),
		TEST(test_too_many_try),
		TEST(test_too_many_codes),
		TEST(test_too_many_addresses),
		TEST(test_two_at_once),
		TEST(test_never_merged),
		TEST(test_who_may_not),
		TEST(test_unlink),
		TEST(test_first_address_leaves),
		TEST(test_the_last_client_is_unlinked),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
