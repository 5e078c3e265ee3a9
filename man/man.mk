# man.mk - man pages, and the completion for bash; their tables are those of `careen help`
#
# A build for another architecture cannot run its own program: it takes MAN_FROM=, a native one.
MAN_FROM ?= $(O)/careen
MAN := careen.8 careen.conf.5 careen-initramfs.7
MAN_PAGES := $(MAN:%=$(O)/man/%)
MAN_DIR := $(PREFIX)/share/man
COMPLETIONS := $(PREFIX)/share/bash-completion/completions

.PHONY: man man-install man-uninstall
man: $(MAN_PAGES)

$(O)/man/%: man/%.in man/page $(MAN_FROM) initramfs/careen.conf initramfs/tree.sh
	@mkdir -p $(@D)
	man/page $(MAN_FROM) $< >$@.new
	mv $@.new $@

man-install: man
	for page in $(MAN); do \
		install -D -m 644 $(O)/man/$$page $(DESTDIR)$(MAN_DIR)/man$${page##*.}/$$page || exit; \
	done
	install -D -m 644 man/careen.bash $(DESTDIR)$(COMPLETIONS)/careen

man-uninstall:
	rm -f $(DESTDIR)$(COMPLETIONS)/careen
	for page in $(MAN); do rm -f $(DESTDIR)$(MAN_DIR)/man$${page##*.}/$$page; done
