# fuzz.mk - libFuzzer: a target is a file tests/fuzz/NAME.c, its corpus tests/fuzz/corpus/NAME
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FO := $(O)/fuzz
FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# what a target takes the place of, beside what lib/fuzz.c does
FUZZ_WRAP_disk := access
FUZZ_WRAP_draw := isatty tcgetattr
FUZZ_WRAP_keys := isatty tcgetattr shell_visit shell_run $(SCREENS_WRAP)
FUZZ_WRAP_proc := rescue_lifeline
FUZZ_WRAPS = $(foreach f,open openat job_find $(FUZZ_WRAP_$*),-Wl,--wrap=$(f))

.PHONY: fuzz fuzz-build fuzz-objects
# a tree of its own, as for the unit tests
fuzz-build:
	@$(MAKE) --no-print-directory O=$(FO) CC=$(FUZZ_CC) WARN= CFLAGS='-O1 -g' \
		SANITIZE='-fsanitize=fuzzer-no-link $(FUZZ_SAN)' fuzz-objects

# reached only through the recursion above: O is the fuzzers' tree there
fuzz-objects: $(FUZZ:%=$(O)/tests/fuzz/%)

$(O)/fuzz.a: $(CORE_OBJ) $(filter-out %/main.o,$(TUI_OBJ)) $(FIXTURE_OBJ) \
		$(patsubst %.c,$(O)/%.o,$(wildcard tests/fuzz/lib/*.c))
	rm -f $@
	$(AR) rcs $@ $^

$(O)/tests/fuzz/%.o: CPPFLAGS += -Itests/fuzz/lib -Itests/fixtures

$(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/fuzz.a
	$(CC) -fsanitize=fuzzer $(FUZZ_SAN) $(FUZZ_WRAPS) -o $@ $^ $(LIBS) -lpthread

# for FUZZ_SECONDS each; what is new is kept, and counted in tests/fuzz/EXECUTIONS
fuzz: fuzz-build
	O=$(O) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(FUZZ)

.SECONDARY: $(FUZZ:%=$(O)/tests/fuzz/%.o)
-include $(wildcard $(O)/tests/fuzz/*.d $(O)/tests/fuzz/lib/*.d)
