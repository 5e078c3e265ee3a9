# tests.mk - check-fast, check, check-long; every test is a TAP program run by prove
UNIT_SRC := $(wildcard tests/unit/test_*.c tests/plans/test_*.c tests/ns/test_*.c)
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SO := $(O)/san
UNIT_BIN := $(UNIT_SRC:%.c=$(SO)/%)
FAST_T := tests/static/boundaries.t tests/static/lint.t tests/static/tidy.t tests/static/man.t \
	tests/static/completion.t tests/static/install.t tests/static/readme.t tests/static/trim.t tests/static/one-shot.t $(wildcard tests/unit/*.t tests/plans/*.t tests/ns/*.t tests/screens/*.t)
# a VM test whose second line begins "# check-long:" is not worth its minutes every time
VM_LONG := $(shell grep -l '^. check-long:' tests/vm/t/*.t)
VM_T := $(filter-out $(VM_LONG),$(wildcard tests/vm/t/*.t))
-include tests/screens/screens.mk
-include tests/fuzz/fuzz.mk
PROVE = O=$(O) prove --exec '' --timer

$(SO)/libcareen-core.a: FORCE
	@$(MAKE) --no-print-directory O=$(SO) SANITIZE='$(SAN)' CFLAGS='-O1 -g' $(SO)/libcareen-core-san

# reached only through the recursion above: O is the sanitized tree there
$(O)/libcareen-core-san: $(CORE_OBJ)
	rm -f $(O)/libcareen-core.a
	$(AR) rcs $(O)/libcareen-core.a $^

$(SO)/tests/%: tests/%.c $(SO)/libcareen-core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit -Itests $(ALL_CFLAGS) -O1 $(SAN) -o $@ \
		$(filter %.c,$^) $(SO)/libcareen-core.a $(LIBS) -lpthread

$(O)/tests/bench/scan: tests/bench/scan.c $(O)/libcareen-core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $^ $(LIBS)

# makes holders, here and in VMs: static, so that it runs in any of them
HOLD := $(O)/tests/holders/hold
$(HOLD): tests/holders/hold.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARN) -O1 -static -o $@ $<

# careen with operations that go wrong, for a VM: tests/vm/faults.c
FAULT_OPS := $(shell sed -n '/^op_fn/{s|/[*].*||; s/^op_fn//; p}' core/run/exec.h | tr -d ',;')
$(O)/careen-faulty: tests/vm/faults.c core/run/exec.h $(TUI_OBJ) $(O)/libcareen-core.a
	printf 'OP(%s)\n' $(FAULT_OPS) >$(O)/faults.list
	$(CC) $(CPPFLAGS) -I$(O) $(ALL_CFLAGS) $(FAULT_OPS:%=-Wl,--wrap=%) -o $@ $< $(TUI_OBJ) \
		$(O)/libcareen-core.a $(LIBS) -lpthread

install-faulty: install $(O)/careen-faulty
	install -m 755 $(O)/careen-faulty $(DESTDIR)$(PREFIX)/sbin/careen-faulty

# without sanitizers, for valgrind
VALGRIND_BIN := $(patsubst %.c,$(O)/valgrind/%,$(filter-out tests/ns/%,$(UNIT_SRC)))
$(O)/valgrind/tests/%: tests/%.c $(O)/libcareen-core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit -Itests $(ALL_CFLAGS) -o $@ $< $(O)/libcareen-core.a $(LIBS) -lpthread

valgrind: $(VALGRIND_BIN)

# clang-tidy, once for each file until it or one of its headers changes
TIDY := $(CORE_SRC) $(TUI_SRC) $(wildcard initramfs/*.c)
$(O)/tidy/initramfs/%.ok: initramfs/%.c initramfs/common.h initramfs/setup.h .clang-tidy
	$(TIDY_ONE)
$(O)/tidy/%.ok: %.c $(O)/%.o .clang-tidy
	$(TIDY_ONE)
TIDY_ONE = @mkdir -p $(@D); \
	clang-tidy --quiet $< -- $(CPPFLAGS) -std=gnu11 $(shell pkg-config --cflags $(PKGS)) 2>$@.err || \
	{ cat $@.err; exit 1; }; touch $@
tidy: $(TIDY:%.c=$(O)/tidy/%.ok)

.PHONY: FORCE install-faulty unit check-deps bench tidy valgrind package
FORCE:

unit: $(UNIT_BIN) $(HOLD)
	$(PROVE) $(UNIT_BIN)

check-deps:
	tests/vm/deps all

check-fast: all man $(UNIT_BIN) $(HOLD) screens-build
	$(PROVE) $(UNIT_BIN) $(FAST_T)

check: check-deps
	$(MAKE) all man $(UNIT_BIN) $(HOLD) screens-build
	$(PROVE) $(UNIT_BIN) $(FAST_T) tests/fuzz/fuzz.t
	$(PROVE) -j2 $(VM_T)

# the whole matrix
check-long: check
	$(PROVE) tests/static/valgrind.t tests/static/package.t
	$(PROVE) -j2 $(VM_LONG)

# the Debian package, into $(O)/package
package:
	tests/vm/deps build package
	$(PROVE) -v tests/static/package.t

# figures, not verdicts: machines are noisy. But the scan may not be the slowest.
# RELEASES=13: only that one.
bench:
	@tests/vm/deps build vm bench
	@$(MAKE) -s all $(HOLD) $(O)/tests/bench/scan
	@tests/bench/holders
	@tests/bench/console
	@tests/vm/bench $(RELEASES)
	@tests/vm/bench-copy
