# tubepost: one Makefile, no recursion. Plain `make` works on a machine that has the libraries;
# `./configure` writes config.mak for other paths, compilers and optional parts.
#
#   make [DEVELOPER=1] [SANITIZE=address,undefined] [BUILD=folder] [V=1]
#   make check | fuzz | sanitize | perf | soak | install | uninstall | dist | clean

VERSION := 0.1.0
PREFIX  ?= /usr/local
BUILD   ?= build
CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
PKG_CONFIG ?= pkg-config
JOBS    ?= 2

-include config.mak

bindir     ?= $(PREFIX)/bin
libexecdir ?= $(PREFIX)/libexec
datadir    ?= $(PREFIX)/share
mandir     ?= $(datadir)/man
sysconfdir ?= /etc

# Third-party libraries. Each is touched by one module only (HACKING.md, "The walls"); the linker
# drops (--as-needed) what a tool's own modules do not use, so no list is kept for each tool.
PACKAGES := gmime-3.0 libcurl libcrypto yaml-0.1 libpcre2-8 sqlite3 jansson
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PACKAGES))

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wpointer-arith -Wwrite-strings -Wundef \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wno-unused-parameter
ifdef DEVELOPER
WARNINGS += -Werror
endif
ifdef SANITIZE
SANITIZE_FLAGS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

TP_CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ilib -I$(BUILD)/gen \
	-DTP_VERSION='"$(VERSION)"' -DTP_BINDIR='"$(bindir)"' \
	-DTP_DATADIR='"$(datadir)/tubepost"' -DTP_SYSCONFDIR='"$(sysconfdir)/tubepost"'
TP_CFLAGS := -std=gnu11 $(WARNINGS) $(CFLAGS) $(SANITIZE_FLAGS) -fno-common -fstack-protector-strong
TP_LDFLAGS := $(SANITIZE_FLAGS) -Wl,--as-needed -Wl,-z,relro $(LDFLAGS)

TOOLS   := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
LIB_SRC := $(wildcard lib/*/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
UNITS   := $(patsubst t/unit/%.c,$(BUILD)/t/unit-%,$(wildcard t/unit/*.c))
HELPERS := $(patsubst t/helper/%.c,$(BUILD)/t/%,$(wildcard t/helper/*.c))
BINS    := $(TOOLS:%=$(BUILD)/bin/%)
ARCHIVE := $(BUILD)/libtubepost.a

ifndef V
Q = @
say = @printf '  %-7s %s\n' $(1) $(2);
endif

.PHONY: all check perf tests install uninstall dist clean distclean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS)

tests: $(BINS) $(UNITS) $(HELPERS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TP_CPPFLAGS) $(CPPFLAGS) $(PKG_CFLAGS) $(TP_CFLAGS) -MMD -MP -c -o $@ $<

$(ARCHIVE): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(ARCHIVE)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TP_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS)

$(BUILD)/t/unit-%: $(BUILD)/t/unit/%.o $(ARCHIVE)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TP_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS)

$(BUILD)/t/%: $(BUILD)/t/helper/%.o $(ARCHIVE)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TP_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS)

# The built-in templates as C strings, one entry a file: language, type, text.
TEMPLATES := $(sort $(wildcard share/templates/links.*))

$(BUILD)/gen/templates.inc: $(TEMPLATES) $(BUILD)/flags
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)awk 'FNR == 1 { n = split(FILENAME, p, "."); \
		printf "%s\t{ \"%s\", \"%s\",\n", (NR > 1 ? "\t},\n" : ""), p[n - 1], p[n] } \
		{ gsub(/[\\"]/, "\\\\&"); printf "\t\t\"%s\\n\"\n", $$0 } \
		END { print "\t}," }' $(TEMPLATES) > $@

$(BUILD)/lib/mime/template-builtin.o: $(BUILD)/gen/templates.inc

# Everything is built again when the compiler or its flags change.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(TP_CPPFLAGS) $(CPPFLAGS) $(TP_CFLAGS) $(TP_LDFLAGS)' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

# --- tests ---------------------------------------------------------------------------------------

TESTS ?= $(sort $(wildcard t/t[0-9]*.sh)) $(sort $(UNITS))

check: tests
	$(Q)JOBS=$(JOBS) BUILD='$(abspath $(BUILD))' t/run-tests $(TESTS)

# Ours and the installed peers on the same input in one run.
PERFS ?= $(sort $(wildcard t/perf/p[0-9]*.sh))

perf: tests
	$(Q)for p in $(PERFS); do TUBEPOST_BUILD='$(abspath $(BUILD))' $$p || exit; done

# --- install -------------------------------------------------------------------------------------

INSTALL ?= install
MANS    := $(wildcard man/*.[157])
SHARED  := $(wildcard share/templates/* share/recipes/* share/examples/*)

install: all
	$(INSTALL) -d $(DESTDIR)$(bindir)
	$(INSTALL) -m 755 $(BINS) $(DESTDIR)$(bindir)
	for f in $(MANS); do \
		$(INSTALL) -D -m 644 $$f $(DESTDIR)$(mandir)/man$${f##*.}/$${f##*/} || exit; done
	for f in $(SHARED); do \
		$(INSTALL) -D -m 644 $$f $(DESTDIR)$(datadir)/tubepost/$${f#share/} || exit; done
	$(INSTALL) -d $(DESTDIR)$(libexecdir)/tubepost
	sed 's|@BINDIR@|$(bindir)|' share/examples/postfix-filter \
		>$(DESTDIR)$(libexecdir)/tubepost/postfix-filter
	chmod 755 $(DESTDIR)$(libexecdir)/tubepost/postfix-filter
	for t in $(TOOLS); do \
		$(INSTALL) -D -m 644 completions/bash/$$t \
			$(DESTDIR)$(datadir)/bash-completion/completions/$$t && \
		$(INSTALL) -D -m 644 completions/zsh/_$$t \
			$(DESTDIR)$(datadir)/zsh/site-functions/_$$t && \
		$(INSTALL) -D -m 644 completions/fish/$$t.fish \
			$(DESTDIR)$(datadir)/fish/vendor_completions.d/$$t.fish || exit; done

uninstall:
	for t in $(TOOLS); do rm -f $(DESTDIR)$(bindir)/$$t \
		$(DESTDIR)$(datadir)/bash-completion/completions/$$t \
		$(DESTDIR)$(datadir)/zsh/site-functions/_$$t \
		$(DESTDIR)$(datadir)/fish/vendor_completions.d/$$t.fish; done
	for f in $(MANS); do rm -f $(DESTDIR)$(mandir)/man$${f##*.}/$${f##*/}; done
	rm -rf $(DESTDIR)$(datadir)/tubepost $(DESTDIR)$(libexecdir)/tubepost

# What is committed, under one folder, with ./configure made.
dist:
	rm -rf $(BUILD)/dist && mkdir -p $(BUILD)/dist
	git archive --prefix=tubepost-$(VERSION)/ HEAD | tar -x -C $(BUILD)/dist
	cd $(BUILD)/dist/tubepost-$(VERSION) && autoconf && rm -rf autom4te.cache
	tar -C $(BUILD)/dist --sort=name --owner=0 --group=0 --numeric-owner \
		-czf tubepost-$(VERSION).tar.gz tubepost-$(VERSION)

clean:
	rm -rf $(BUILD)

distclean: clean
	rm -rf build-* config.mak config.log config.status configure autom4te.cache \
		tubepost-*.tar.gz

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
