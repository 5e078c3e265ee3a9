# tests.mk - check-fast, check, check-long; every test is a TAP program run by prove
UNIT_SRC := $(wildcard tests/unit/test_*.c tests/plans/test_*.c)
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SO := $(O)/san
UNIT_BIN := $(UNIT_SRC:%.c=$(SO)/%)
PROVE := prove --merge --timer

$(SO)/libcareen-core.a: FORCE
	@$(MAKE) --no-print-directory O=$(SO) SANITIZE='$(SAN)' CFLAGS='-O1 -g' $(SO)/libcareen-core.a

$(SO)/tests/%: tests/%.c $(SO)/libcareen-core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(SAN) -o $@ $< \
		$(SO)/libcareen-core.a $(LIBS) -lpthread

.PHONY: FORCE check-build check-static unit
FORCE:

unit: $(UNIT_BIN)
	$(PROVE) $(UNIT_BIN)
