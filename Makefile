# tubepost: one Makefile, no recursion. Plain `make` works on a machine that has the libraries;
# `./configure` writes config.mak for other paths, compilers and optional parts.
#
#   make [DEVELOPER=1] [SANITIZE=address,undefined] [BUILD=folder] [V=1]
#   make check | sanitize | fuzz | perf | install | uninstall | dist | clean | distclean

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
PACKAGES := gmime-3.0 libcurl libcrypto yaml-0.1 libpcre2-8 sqlite3 jansson libzstd libutf8proc
# Optional: without it dvd-pack makes no images and says so.
HAVE_LIBISOFS ?= $(shell $(PKG_CONFIG) --exists libisofs-1 && echo yes)
ifeq ($(HAVE_LIBISOFS),yes)
PACKAGES += libisofs-1
TP_FEATURES += -DTP_HAVE_LIBISOFS
endif
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PACKAGES))

# c-ares is optional and opened when it is needed: only its headers are asked for here.
HAVE_CARES ?= $(if $(shell $(PKG_CONFIG) --exists libcares && echo yes),yes)
ifneq ($(filter-out no,$(HAVE_CARES)),)
PKG_CFLAGS += -DHAVE_CARES $(shell $(PKG_CONFIG) --cflags libcares)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wpointer-arith -Wwrite-strings -Wundef \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wno-unused-parameter
ifdef DEVELOPER
WARNINGS += -Werror
endif
ifdef SANITIZE
SANITIZE_FLAGS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

TP_CPPFLAGS := $(TP_FEATURES) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ilib -I$(BUILD)/gen \
	-DTP_VERSION='"$(VERSION)"' -DTP_BINDIR='"$(bindir)"' \
	-DTP_DATADIR='"$(datadir)/tubepost"' -DTP_SYSCONFDIR='"$(sysconfdir)/tubepost"'
TP_CFLAGS := -std=gnu11 $(WARNINGS) $(CFLAGS) $(SANITIZE_FLAGS) -fno-common -fstack-protector-strong
TP_LDFLAGS := $(SANITIZE_FLAGS) -Wl,--as-needed -Wl,-z,relro $(LDFLAGS)

TOOLS   := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
LIB_SRC := $(wildcard lib/*/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
UNITS   := $(patsubst t/unit/%.c,$(BUILD)/t/unit-%,$(wildcard t/unit/*.c))
HELPERS := $(patsubst t/helper/%.c,$(BUILD)/t/%,$(filter-out %/fault.c,$(wildcard t/helper/*.c))) \
	$(BUILD)/t/fault.so
FUZZERS := $(patsubst t/fuzz/fuzz-%.c,%,$(wildcard t/fuzz/fuzz-*.c))
REPLAYS := $(FUZZERS:%=$(BUILD)/t/replay-%)
BINS    := $(TOOLS:%=$(BUILD)/bin/%)
ARCHIVE := $(BUILD)/libtubepost.a

ifndef V
Q = @
say = @printf '  %-7s %s\n' $(1) $(2);
endif

.PHONY: all check fuzz fuzzers perf sanitize tests install uninstall dist clean distclean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS)

tests: $(BINS) $(UNITS) $(HELPERS) $(REPLAYS)

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

$(BUILD)/t/replay-%: $(BUILD)/t/fuzz/fuzz-%.o $(BUILD)/t/fuzz/replay.o $(ARCHIVE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(TP_LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVE) $(PKG_LIBS)

$(BUILD)/t/%: $(BUILD)/t/helper/%.o $(ARCHIVE)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TP_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS)

# Preloaded into a tool to make its calls fail; never with sanitizers, which preload their own.
$(BUILD)/t/fault.so: t/helper/fault.c $(BUILD)/flags
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) -O2 -g -shared -fPIC -o $@ $< -ldl

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

# The files of a disc's page, one string a file: index.html is index_html.
PAGE_FILES := $(sort $(wildcard share/disc/*))

$(BUILD)/gen/page-files.inc: $(PAGE_FILES) $(BUILD)/flags
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)awk 'FNR == 1 { n = split(FILENAME, p, "/"); name = p[n]; sub("[.]", "_", name); \
		printf "%sstatic const char %s[] =\n", (NR > 1 ? "\t;\n" : ""), name } \
		{ gsub(/[\\"]/, "\\\\&"); printf "\t\"%s\\n\"\n", $$0 } \
		END { print "\t;" }' $(PAGE_FILES) > $@

$(BUILD)/lib/disc/page_files.o: $(BUILD)/gen/page-files.inc

# Everything is built again when the compiler or its flags change. Beside them a link to share/, where
# tools that are not installed find the recipes, wherever BUILD is.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@ln -sfn '$(CURDIR)/share' $(@D)/share
	@echo '$(CC) $(TP_CPPFLAGS) $(CPPFLAGS) $(PKG_CFLAGS) $(TP_CFLAGS) $(TP_LDFLAGS)' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

# --- tests ---------------------------------------------------------------------------------------

TESTS ?= $(sort $(wildcard t/t[0-9]*.sh)) $(sort $(UNITS))

check: tests
	$(Q)JOBS=$(JOBS) BUILD='$(abspath $(BUILD))' t/run-tests $(TESTS)

# The whole suite with AddressSanitizer and UndefinedBehaviorSanitizer, in a folder of its own.
sanitize:
	$(Q)$(MAKE) BUILD=build-sanitize SANITIZE=address,undefined CFLAGS='-O1 -g' check

# Ours and the installed peers on the same input in one run.
PERFS ?= $(sort $(wildcard t/perf/p[0-9]*.sh))

perf: tests
	$(Q)for p in $(PERFS); do TUBEPOST_BUILD='$(abspath $(BUILD))' $$p || exit; done

# --- install -------------------------------------------------------------------------------------

INSTALL ?= install
MANS    := $(wildcard man/*.[157])
# The pages name the paths of a plain `make install`; those installed, where things are.
MAN_PATHS = -e 's|/usr/local/share/tubepost|$(datadir)/tubepost|g' \
	-e 's|/usr/local/libexec/tubepost|$(libexecdir)/tubepost|g' \
	-e 's|/etc/tubepost|$(sysconfdir)/tubepost|g'
# Examples that are programs.
SCRIPTS := postfix-filter archive-mail archive-backup send-again
SHARED  := $(wildcard share/templates/* share/recipes/* share/examples/*)

install: all
	$(INSTALL) -d $(DESTDIR)$(bindir)
	$(INSTALL) -m 755 $(BINS) $(DESTDIR)$(bindir)
	for f in $(MANS); do to=$(DESTDIR)$(mandir)/man$${f##*.}/$${f##*/}; \
		$(INSTALL) -D -m 644 $$f $$to && sed $(MAN_PATHS) $$f >$$to || exit; done
	for f in $(SHARED); do \
		$(INSTALL) -D -m 644 $$f $(DESTDIR)$(datadir)/tubepost/$${f#share/} || exit; done
	$(INSTALL) -d $(DESTDIR)$(libexecdir)/tubepost
	for f in $(SCRIPTS); do to=$(DESTDIR)$(libexecdir)/tubepost/$$f; \
		sed 's|@BINDIR@|$(bindir)|' share/examples/$$f >$$to && chmod 755 $$to || exit; done
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

# Each target t/fuzz/fuzz-NAME.c for FUZZ_SECONDS, or only those named: `make fuzz FUZZERS=tree`. What is
# found lands in build/fuzz/NAME.*; make a seed of it in t/fuzz/seeds/NAME/.
FUZZ_SECONDS ?= 60

fuzz:
	$(Q)$(MAKE) --no-print-directory BUILD='$(BUILD)/fuzz' CC=clang SANITIZE=address,undefined \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' FUZZERS='$(FUZZERS)' fuzzers
	$(Q)for name in $(FUZZERS); do \
		dict=t/fuzz/$$name.dict; [ -f $$dict ] || dict=t/fuzz/mime.dict; \
		seeds=t/fuzz/seeds/$$name; [ -d $$seeds ] || seeds=; \
		mkdir -p $(BUILD)/fuzz/corpus/$$name && \
		$(BUILD)/fuzz/fuzz-$$name -max_total_time=$(FUZZ_SECONDS) -dict=$$dict -timeout=10 \
			-rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/$$name. \
			$(BUILD)/fuzz/corpus/$$name $$seeds t/corpus 2>$(BUILD)/fuzz/$$name.log || \
			{ tail -n 40 $(BUILD)/fuzz/$$name.log; exit 1; }; \
		echo "$$name: $$(sed -n 's/^stat::number_of_executed_units: *//p' $(BUILD)/fuzz/$$name.log) inputs"; \
	done

fuzzers: $(FUZZERS:%=$(BUILD)/fuzz-%)

$(BUILD)/fuzz-%: $(BUILD)/t/fuzz/fuzz-%.o $(ARCHIVE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(TP_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(ARCHIVE) $(PKG_LIBS)

clean:
	rm -rf $(BUILD)

distclean: clean
	rm -rf build-* config.mak config.log config.status configure autom4te.cache \
		tubepost-*.tar.gz

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
