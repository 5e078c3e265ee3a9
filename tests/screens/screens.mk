# screens.mk - the console with made-up machines, driven in tmux
SCREENS_WRAP := snapshot_take job_read job_mark_seen job_list job_watch job_start job_stop \
	writer_read writer_take writer_release clock_boot_ms mlockall \
	deadman_read deadman_keep clock_mono_ms
SCREENS_LD := $(foreach f,$(SCREENS_WRAP),-Wl,--wrap=$(f))
FIXTURE_SRC := $(wildcard tests/fixtures/*.c)
FIXTURE_OBJ := $(FIXTURE_SRC:%.c=$(O)/%.o)

.PHONY: screens-build screens update-screens
# the sanitized tree, as for the unit tests
screens-build: $(SO)/libcareen-core.a
	@$(MAKE) --no-print-directory O=$(SO) SANITIZE='$(SAN)' CFLAGS='-O1 -g' \
		$(SO)/careen-fixture $(SO)/hangup

$(O)/tests/fixtures/%.o: CPPFLAGS += -Itests/fixtures

# the order of archives does not matter to --wrap: references are renamed
$(O)/careen-fixture: $(TUI_OBJ) $(FIXTURE_OBJ) $(wildcard $(O)/libcareen-core.a)
	$(CC) $(CFLAGS) $(SANITIZE) $(SCREENS_LD) -o $@ $(TUI_OBJ) $(FIXTURE_OBJ) \
		$(O)/libcareen-core.a $(LIBS) -lpthread

$(O)/hangup: tests/screens/hangup.c
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $<

screens: screens-build
	$(PROVE) tests/screens/screens.t tests/screens/use.t

update-screens: screens-build
	O=$(O) tests/screens/screens.t --update

-include $(FIXTURE_OBJ:.o=.d)
