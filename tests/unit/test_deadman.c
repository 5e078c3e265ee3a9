/* test_deadman.c - the dead-man timer's arithmetic, and careen.conf's times */
#include <string.h>

#include "model/deadman.h"
#include "model/settings.h"
#include "tap.h"

static void test_left(void)
{
	struct deadman d = { .armed = true, .period_s = 900, .since_ms = 1000000 };

	is_int(deadman_left_ms(&d, 1000000), 900000, "armed: the whole time is left");
	is_int(deadman_left_ms(&d, 1899000), 1000, "then less");
	is_int(deadman_left_ms(&d, 5000000), 0, "never less than none");
	d.alive_ms = 1500000;
	is_int(deadman_left_ms(&d, 1899000), 501000, "a key begins it anew");
	d.busy_ms = 1800000;
	is_int(deadman_left_ms(&d, 1899000), 801000, "so does the end of a job");
	ok(!deadman_waits(&d, 1899000), "which it does not wait for any more");
	ok(deadman_waits(&d, 1801000), "while it does, it waits");
	d.busy_ms = 0;
	ok(!deadman_waits(&d, 1000), "nor without there ever having been one");
}

static void test_relogin(void)
{
	struct deadman d = { .relogin = true, .relogin_s = 120, .relogin_since_ms = 1000000 };

	d.alive_ms = 1100000;
	is_int(relogin_left_ms(&d, 1110000), 10000, "a key is no new login");
	d.busy_ms = 1050000;
	is_int(relogin_left_ms(&d, 1110000), 60000, "its time begins when the job has ended");
}

static void test_settings(void)
{
	struct settings s;

	settings_parse(&s, "");
	is_int(s.deadman_s, 900, "by default 15 minutes");
	is_int(s.relogin_s, 120, "and two for the new login");
	settings_parse(&s, "relogin=0\nsomething=else\ndeadman=60");
	is_int(s.deadman_s, 60, "what is set counts");
	is_int(s.relogin_s, 0, "off is none");
	settings_parse(&s, "deadman=\ndeadman=-5\n=7\ndeadman");
	is_int(s.deadman_s, 900, "what is no number does not");
}

int main(void)
{
	test_left();
	test_relogin();
	test_settings();
	return done_testing();
}
