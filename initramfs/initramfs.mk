# initramfs.mk - the programs that live in rootfs, and their integration
#
# Static and without libraries: they must run when no disk does. musl makes them
# a tenth of the size; glibc does where there is no musl-gcc.
RESCUE_CC ?= $(if $(shell command -v musl-gcc),musl-gcc,gcc)
RESCUE_CFLAGS ?= -O2
RESCUE_PROGS := run-init rescue-start escape stub lifeline trim
RESCUE_SHELL := host-keys tree.sh enter-tree mend-root encrypt-root root-stream file-flags one-shot
RESCUE_BIN := $(RESCUE_PROGS:%=$(O)/initramfs/%)

# initramfs-tools reads /usr/share/initramfs-tools and /etc/initramfs-tools only
ifeq ($(PREFIX),/usr)
INITRAMFS_TOOLS := /usr/share/initramfs-tools
INITRAMFS_CONF := $(INITRAMFS_TOOLS)/conf-hooks.d
else
INITRAMFS_TOOLS := /etc/initramfs-tools
INITRAMFS_CONF := $(INITRAMFS_TOOLS)/conf.d
endif
# dracut reads no other place
DRACUT_MODULE := /usr/lib/dracut/modules.d/99careen
RESCUE_LIB := $(PREFIX)/lib/careen
UNITS := $(PREFIX)/lib/systemd/system
RESCUE_UNIT := $(UNITS)/careen.service
# where GRUB, update-initramfs and sysvinit look, whatever PREFIX is: SOURCE:TARGET
ONE_SHOT := grub-menu:/etc/grub.d/42_careen post-update:/etc/initramfs/post-update.d/careen \
	careen-up.init:/etc/init.d/careen-up
CAREEN_ETC := $(DESTDIR)/etc/careen

.PHONY: initramfs-all initramfs-install initramfs-uninstall
initramfs-all: $(RESCUE_BIN)

$(O)/initramfs/run-init $(O)/initramfs/rescue-start: initramfs/setup.c initramfs/setup.h
$(O)/initramfs/lifeline: $(foreach part,deadman port,initramfs/$(part).c initramfs/$(part).h)
$(O)/initramfs/stub: initramfs/local.c initramfs/local.h
$(O)/initramfs/%: initramfs/%.c initramfs/common.c initramfs/common.h
	@mkdir -p $(@D)
	$(RESCUE_CC) -D_GNU_SOURCE -std=gnu11 -Wall -Wextra -Werror -Wshadow \
		-Wstrict-prototypes -Wmissing-prototypes $(RESCUE_CFLAGS) -fno-pie \
		-static -no-pie -Wl,--gc-sections -ffunction-sections -s \
		-o $@ $(filter %.c,$^)

initramfs-install: initramfs-all
	install -d -m 755 $(DESTDIR)$(RESCUE_LIB) $(DESTDIR)$(INITRAMFS_TOOLS)/hooks \
		$(DESTDIR)$(INITRAMFS_CONF)
	install -m 755 $(RESCUE_BIN) $(DESTDIR)$(RESCUE_LIB)
	install -m 755 $(RESCUE_SHELL:%=initramfs/%) $(DESTDIR)$(RESCUE_LIB)
	sed 's|@LIB@|$(RESCUE_LIB)|' initramfs/hooks/careen >$(O)/initramfs/zz-careen
	install -m 755 $(O)/initramfs/zz-careen $(DESTDIR)$(INITRAMFS_TOOLS)/hooks/zz-careen
	install -m 644 initramfs/careen-umask.conf $(DESTDIR)$(INITRAMFS_CONF)/zz-careen
	install -d -m 755 $(DESTDIR)$(DRACUT_MODULE)
	sed 's|@LIB@|$(RESCUE_LIB)|' initramfs/dracut/module-setup.sh >$(DESTDIR)$(DRACUT_MODULE)/module-setup.sh
	install -m 755 initramfs/dracut/careen.sh $(DESTDIR)$(DRACUT_MODULE)
	chmod 755 $(DESTDIR)$(DRACUT_MODULE)/module-setup.sh
	sed 's|@SBIN@|$(PREFIX)/sbin|' initramfs/careen.service >$(O)/initramfs/careen.service
	install -D -m 644 $(O)/initramfs/careen.service $(DESTDIR)$(RESCUE_UNIT)
	for file in $(ONE_SHOT) careen-up.service:$(UNITS)/careen-up.service; do \
		sed 's|@LIB@|$(RESCUE_LIB)|g' initramfs/$${file%%:*} >$(O)/initramfs/one && \
		mode=755 && case $$file in *.service) mode=644 ;; esac && \
		install -D -m $$mode $(O)/initramfs/one $(DESTDIR)$${file#*:} || exit; \
	done
	install -d $(DESTDIR)$(UNITS)/multi-user.target.wants
	ln -sfn ../careen-up.service $(DESTDIR)$(UNITS)/multi-user.target.wants/careen-up.service
	install -d -m 700 $(CAREEN_ETC) $(CAREEN_ETC)/dropbear
	[ -e $(CAREEN_ETC)/careen.conf ] || \
		install -m 644 initramfs/careen.conf $(CAREEN_ETC)/careen.conf
	[ -e $(CAREEN_ETC)/authorized_keys ] || \
		install -m 600 initramfs/authorized_keys $(CAREEN_ETC)/authorized_keys
	# a package must not carry keys: with DESTDIR the hook makes them, on the machine
	[ -n "$(DESTDIR)" ] || sh initramfs/host-keys $(CAREEN_ETC)/dropbear
	@[ -n "$(DESTDIR)" ] || echo "Now: put your key into /etc/careen/authorized_keys, then update-initramfs -u (or dracut -f)"

initramfs-uninstall:
	[ -n "$(DESTDIR)" ] || [ ! -x $(RESCUE_LIB)/one-shot ] || $(RESCUE_LIB)/one-shot remove
	rm -f $(foreach file,$(ONE_SHOT),$(DESTDIR)$(lastword $(subst :, ,$(file))))
	rm -f $(DESTDIR)$(UNITS)/careen-up.service $(DESTDIR)$(UNITS)/multi-user.target.wants/careen-up.service
	rm -f $(DESTDIR)$(RESCUE_UNIT)
	rm -f $(DESTDIR)$(INITRAMFS_TOOLS)/hooks/zz-careen $(DESTDIR)$(INITRAMFS_CONF)/zz-careen
	rm -f $(RESCUE_PROGS:%=$(DESTDIR)$(RESCUE_LIB)/%) $(RESCUE_SHELL:%=$(DESTDIR)$(RESCUE_LIB)/%)
	rm -rf $(DESTDIR)$(DRACUT_MODULE)
	-rmdir $(DESTDIR)$(RESCUE_LIB)
	@echo "Kept: /etc/careen (keys and settings). Now: update-initramfs -u (or dracut -f)"
