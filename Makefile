# careen - see README.md; HACKING.md says where each thing lives
O ?= build
PREFIX ?= /usr/local
DESTDIR ?=
# what lies in RAM has no use for symbols
INSTALL_PROGRAM ?= install -s
# make has a default of its own, which ?= leaves alone
ifeq ($(origin CC),default)
CC := gcc
endif
VERSION := $(shell sed -n '1s/^careen .\([0-9.~]*\).*/\1/p' CHANGES)
PKGS := ncursesw mount blkid

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wvla -Wno-format-truncation
CFLAGS ?= -O2 -g
SANITIZE ?=
CPPFLAGS += -D_GNU_SOURCE -Icore -Itui -DCAREEN_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SANITIZE) -MMD -MP $(shell pkg-config --cflags $(PKGS))
LIBS = $(shell pkg-config --libs $(PKGS))

CORE_SRC := $(wildcard core/base/*.c core/model/*.c core/plan/*.c core/run/*.c)
ARCH := $(shell $(CC) -dumpmachine | cut -d- -f1)
CORE_SRC := $(filter-out core/run/ptrace_%.c,$(CORE_SRC)) $(wildcard core/run/ptrace_$(ARCH).c)
TUI_SRC := $(wildcard tui/*.c tui/widgets/*.c tui/screens/*.c)
CORE_OBJ := $(CORE_SRC:%.c=$(O)/%.o)
TUI_OBJ := $(TUI_SRC:%.c=$(O)/%.o)

.PHONY: all install uninstall check check-fast check-long demo bench clean deps
all: $(O)/careen initramfs-all

-include initramfs/initramfs.mk
-include man/man.mk
-include tests/vm/vm.mk
-include tests/tests.mk

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC  $<';)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(O)/libcareen-core.a: $(CORE_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(O)/careen: $(TUI_OBJ) $(O)/libcareen-core.a
	$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS) -lpthread

install: all initramfs-install man-install
	$(INSTALL_PROGRAM) -D -m 755 $(O)/careen $(DESTDIR)$(PREFIX)/sbin/careen

uninstall: initramfs-uninstall man-uninstall
	rm -f $(DESTDIR)$(PREFIX)/sbin/careen

clean:
	rm -rf $(O)

-include $(CORE_OBJ:.o=.d) $(TUI_OBJ:.o=.d)
