# Tripod: static pods without a kubelet.  README.md says what to run;
# CONTRIBUTING.md how the tree is laid out.
include config.mk

.DEFAULT_GOAL	:= all
.DELETE_ON_ERROR:
MAKEFLAGS	+= --no-builtin-rules
.SUFFIXES:

PKGS		 = libevent libprotobuf-c libseccomp yaml-0.1 libnghttp2 \
		   libcurl openssl jansson cmocka
CPPFLAGS	+= -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
		   -DSYSCONFDIR='"$(SYSCONFDIR)"' -DRUNDIR='"$(RUNDIR)"' \
		   -DSTATEDIR='"$(STATEDIR)"' -DSBINDIR='"$(SBINDIR)"' \
		   -DLIBEXECDIR='"$(LIBEXECDIR)"' \
		   -I. -I$(O)/gen -include common/banned.h
CFLAGS		+= -std=c11 $(OPT) $(WARN) $(WERROR) $(HARDEN) $(SANFLAGS)
LDFLAGS		+= $(HARDEN_LD) $(SANFLAGS)

# What each program is made of.
COMMON		 = common/err.o common/log.o common/mem.o common/mtime.o \
		   common/conf.o common/name.o common/notify.o \
		   common/privdrop.o common/sandbox_linux.o
IPC		 = ipc/imsg.o ipc/dispatch.o ipc/peer.o ipc/words.o \
		   gen/tripod.pb-c.o
WATCHERD	 = watcherd/main.o watcherd/sync.o watcherd/rescan.o \
		   watcherd/answer.o $(OFFLINE) \
		   watcherd/watch.o watcherd/files.o watcherd/load.o \
		   watcherd/filter.o $(MANIFEST)
OFFLINE		 = watcherd/offline.o watcherd/check.o watcherd/input.o \
		   watcherd/report.o watcherd/report_json.o \
		   watcherd/excerpt.o watcherd/explain.o \
		   watcherd/explain_text.o watcherd/explain_json.o \
		   watcherd/explain_table.o
MANIFEST	 = watcherd/manifest.o $(MANIFEST_TREE) watcherd/kind.o \
		   watcherd/decode.o watcherd/overlay.o \
		   watcherd/timestamp.o watcherd/hint.o \
		   watcherd/defaults.o watcherd/resources.o watcherd/image.o \
		   $(VALIDATE) watcherd/support.o watcherd/grammar.o \
		   watcherd/canonical.o watcherd/identity.o watcherd/render.o \
		   watcherd/quantity.o $(MANIFEST_POD) $(MANIFEST_SCHEMA)
MANIFEST_POD	 = watcherd/pod.o watcherd/pod_make.o watcherd/pod_container.o \
		   watcherd/pod_probe.o watcherd/pod_security.o \
		   watcherd/pod_volume.o
VALIDATE	 = watcherd/validate.o watcherd/validate_rules.o \
		   watcherd/validate_relation.o watcherd/validate_meta.o \
		   watcherd/validate_annotation.o watcherd/validate_pod.o \
		   watcherd/validate_security.o watcherd/validate_windows.o \
		   watcherd/validate_container.o watcherd/validate_port.o \
		   watcherd/validate_probe.o watcherd/validate_volume.o \
		   watcherd/validate_downward.o watcherd/validate_resources.o \
		   watcherd/validate_affinity.o \
		   watcherd/validate_tolerations.o watcherd/validate_advice.o
MANIFEST_TREE	 = watcherd/yaml.o watcherd/yaml_error.o \
		   watcherd/yaml_scalar.o watcherd/repair.o watcherd/indent.o \
		   watcherd/json.o watcherd/build.o watcherd/tree.o \
		   watcherd/problem.o watcherd/scalar.o watcherd/utf8.o
MANIFEST_SCHEMA	 = watcherd/schema.o watcherd/guess.o watcherd/schema_pod.o \
		   watcherd/schema_container.o watcherd/schema_volume.o \
		   watcherd/schema_status.o
RECONCILED	 = reconciled/main.o reconciled/peers.o \
		   reconciled/watch.o reconciled/mirror.o reconciled/control.o \
		   reconciled/control_status.o reconciled/control_act.o \
		   reconciled/follow.o reconciled/detail.o reconciled/why.o \
		   reconciled/reconcile.o reconciled/ready.o \
		   reconciled/shutdown.o reconciled/collect.o reconciled/imagegc.o \
		   reconciled/sweep.o reconciled/publish.o reconciled/observe.o \
		   reconciled/observe_one.o \
		   $(ACT) $(PLAN) $(PODS) \
		   reconciled/desired.o $(POLICY) $(TRANSLATORS) \
		   $(STATUS) reconciled/prepare.o reconciled/rotate.o \
		   $(FILES) \
		   reconciled/lend.o reconciled/lender.o reconciled/kept.o \
		   reconciled/define.o \
		   reconciled/handler.o reconciled/probe.o \
		   reconciled/probes.o reconciled/prober.o $(CRI)
PROBER		 = reconciled/prober/main.o reconciled/prober/serve.o \
		   reconciled/prober/filter.o $(PROBECALL)
SPAWNER		 = reconciled/prober/spawner.o ipc/imsg.o \
		   common/err.o common/log.o common/mem.o common/mtime.o \
		   common/privdrop.o
PROBECALL	 = reconciled/prober/call.o reconciled/prober/request.o \
		   reconciled/prober/target.o reconciled/prober/health.o \
		   common/multi.o gen/grpchealth.pb-c.o
POLICY		 = reconciled/policy.o reconciled/policy_container.o \
		   reconciled/admission.o
TRANSLATORS	 = reconciled/translate.o reconciled/translate_sandbox.o \
		   reconciled/translate_security.o reconciled/translate_env.o \
		   reconciled/translate_resources.o \
		   reconciled/translate_mounts.o reconciled/dns.o \
		   reconciled/qos.o reconciled/podgroup.o \
		   reconciled/machine.o
FILES		 = reconciled/files.o reconciled/cgroup.o \
		   reconciled/volumes.o \
		   reconciled/downward.o reconciled/subpath.o \
		   reconciled/helper.o reconciled/mounter.o \
		   reconciled/finder.o reconciled/filter.o \
		   reconciled/logs.o \
		   reconciled/termination.o reconciled/unready.o \
		   reconciled/disk.o \
		   reconciled/trash.o
ACT		 = reconciled/act.o reconciled/act_image.o \
		   reconciled/act_sandbox.o reconciled/act_container.o \
		   reconciled/act_hook.o reconciled/mark.o \
		   reconciled/imageref.o
PLAN		 = reconciled/plan.o \
		   reconciled/plan_start.o reconciled/plan_stop.o \
		   reconciled/plan_pods.o reconciled/order.o \
		   reconciled/down.o
STATUS		 = reconciled/status.o reconciled/status_container.o \
		   ipc/words.o
PODS		 = reconciled/pod.o reconciled/seen.o reconciled/spec.o \
		   reconciled/backoff.o reconciled/health.o \
		   reconciled/record.o reconciled/look.o
CRI		 = reconciled/cri.o reconciled/events.o reconciled/grpc.o \
		   reconciled/h2.o reconciled/grpcmsg.o reconciled/criinfo.o \
		   reconciled/crimethod.o gen/cri.pb-c.o \
		   gen/containerd.pb-c.o
MIRRORD		 = mirrord/main.o mirrord/peer.o mirrord/act.o mirrord/pods.o \
		   mirrord/events.o mirrord/register.o mirrord/watch.o mirrord/http.o common/multi.o \
		   mirrord/cred.o mirrord/kubeconfig.o mirrord/hostinfo.o \
		   mirrord/filter.o $(MIRRORPLAN)
MIRRORPLAN	 = mirrord/plan.o mirrord/memo.o mirrord/model.o \
		   mirrord/nodeplan.o mirrord/node.o mirrord/want.o \
		   mirrord/seen.o mirrord/status.o mirrord/apijson.o \
		   mirrord/backoff.o mirrord/eventqueue.o ipc/words.o
TRIPODCTL	 = ctl/tripodctl.o $(COMMANDS) ctl/judge.o ctl/session.o \
		   ctl/clean.o $(CTLPURE) ctl/output_text.o ctl/output_pod.o \
		   ctl/output_json.o ctl/judge_json.o ctl/logs.o ctl/place.o
CTLPURE		 = ctl/match.o ctl/pods.o ctl/goal.o ctl/logline.o ipc/words.o
COMMANDS	 = ctl/cmd_status.o ctl/cmd_plan.o ctl/cmd_events.o \
		   ctl/cmd_logs.o ctl/cmd_restart.o ctl/cmd_wait.o \
		   ctl/cmd_apply.o ctl/cmd_check.o ctl/cmd_explain.o \
		   ctl/cmd_render.o ctl/cmd_log.o ctl/cmd_shutdown.o

PROGRAMS	 = $(addprefix $(O)/bin/,watcherd reconciled mirrord tripodctl)
HELPERS		 = $(addprefix $(O)/bin/,tripod-prober tripod-spawner)

all: $(PROGRAMS) $(HELPERS)

objs		 = $(addprefix $(O)/,$(1))

LIBS_COMMON	 = -lseccomp -lprotobuf-c
LIBS_IPC	 = -levent_core $(LIBS_COMMON)

$(O)/bin/watcherd: LIBS = -lyaml -lcrypto $(LIBS_IPC)
$(O)/bin/watcherd: $(call objs,$(WATCHERD) $(IPC) $(COMMON))
$(O)/bin/reconciled: LIBS = -lnghttp2 $(LIBS_IPC)
$(O)/bin/reconciled: $(call objs,$(RECONCILED) $(IPC) $(COMMON))
$(O)/bin/tripod-prober: LIBS = -lcurl -lssl -lcrypto $(LIBS_IPC)
$(O)/bin/tripod-prober: $(call objs,$(PROBER) $(IPC) $(COMMON))
$(O)/bin/tripod-spawner: $(call objs,$(SPAWNER))
$(O)/bin/mirrord: LIBS = -lcurl -lssl -lcrypto -ljansson -lyaml $(LIBS_IPC)
$(O)/bin/mirrord: $(call objs,$(MIRRORD) $(IPC) $(COMMON))
$(O)/bin/tripodctl: LIBS = -ljansson $(LIBS_IPC)
$(O)/bin/tripodctl: $(call objs,$(TRIPODCTL) $(IPC) $(COMMON))

$(PROGRAMS) $(HELPERS):
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

# Generated messages; every object may need them, so they come first.
# Their initialisers drop a const, which -Wcast-qual would report in every user.
GEN		 = $(patsubst %.proto,$(O)/gen/%.pb-c.h,$(notdir \
		   $(wildcard ipc/*.proto reconciled/*.proto \
		   reconciled/prober/*.proto)))
.SECONDARY: $(GEN) $(GEN:.h=.c)

$(O)/gen/%.pb-c.c $(O)/gen/%.pb-c.h: ipc/%.proto
	@mkdir -p $(@D)
	$(PROTOC_C) --c_out=$(@D) --proto_path=$(<D) $<
	sed -i 's/(char \*)protobuf_c/(char *)(uintptr_t)protobuf_c/g' \
	    $(@D)/$*.pb-c.h
$(O)/gen/%.pb-c.c $(O)/gen/%.pb-c.h: reconciled/%.proto
	@mkdir -p $(@D)
	$(PROTOC_C) --c_out=$(@D) --proto_path=$(<D) $<
	sed -i 's/(char \*)protobuf_c/(char *)(uintptr_t)protobuf_c/g' \
	    $(@D)/$*.pb-c.h

$(O)/gen/%.pb-c.c $(O)/gen/%.pb-c.h: reconciled/prober/%.proto
	@mkdir -p $(@D)
	$(PROTOC_C) --c_out=$(@D) --proto_path=$(<D) $<
	sed -i 's/(char \*)protobuf_c/(char *)(uintptr_t)protobuf_c/g' \
	    $(@D)/$*.pb-c.h

$(O)/gen/%.o: $(O)/gen/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# clang's static analyser, once for each state of a file.  It cannot follow
# freed memory through the list macros of <sys/queue.h>; the sanitizers do.
ANALYSED	 = $(patsubst %.c,$(O)/%.analysed,$(wildcard common/*.c \
		   ipc/*.c watcherd/*.c reconciled/*.c reconciled/*/*.c \
		   mirrord/*.c ctl/*.c))

analyse: $(ANALYSED)

$(O)/%.analysed: %.c | $(GEN)
	@mkdir -p $(@D)
	clang --analyze $(CPPFLAGS) -std=c11 -MMD -MP -MT $@ -MF $@.d \
	    -Xclang -analyzer-disable-checker=unix.Malloc \
	    -Xclang -analyzer-output=text -Xclang -analyzer-werror \
	    -o /dev/null $<
	@touch $@

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# Unit tests: each links exactly the objects it names.
UNIT		 =

# unit NAME, OBJECTS, LIBRARIES
define unit
UNIT += $(O)/tests/unit/test_$(1)
$(O)/tests/unit/test_$(1): $(call objs,tests/unit/test_$(1).o $(2))
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) -lcmocka $(3)
endef

$(eval $(call unit,clean,ctl/clean.o gen/tripod.pb-c.o,-lprotobuf-c))
$(eval $(call unit,common,common/err.o common/log.o common/mem.o \
    common/mtime.o,-lprotobuf-c))
$(eval $(call unit,name,common/name.o))
$(eval $(call unit,notify,common/notify.o common/log.o common/mtime.o,\
    -levent_core))
$(eval $(call unit,privdrop,tests/unit/child.o common/privdrop.o \
    common/err.o common/log.o common/mtime.o))
SANDBOX_TEST	 = tests/unit/child.o common/sandbox_linux.o common/log.o \
		   common/mtime.o
$(eval $(call unit,sandbox,$(SANDBOX_TEST),-lseccomp -levent_core))
$(eval $(call unit,landlock,$(SANDBOX_TEST),-lseccomp))
$(eval $(call unit,conf,common/conf.o common/err.o common/log.o \
    common/mem.o common/mtime.o,-lprotobuf-c))

LIBS_CRI	 = -lnghttp2 -levent_core -lprotobuf-c
COMMON_CRI	 = common/log.o common/mem.o common/mtime.o
GRPC		 = reconciled/grpc.o reconciled/h2.o reconciled/grpcmsg.o \
		   gen/cri.pb-c.o $(COMMON_CRI)
GRPC_WORLD	 = tests/unit/grpcworld.o tests/unit/h2server.o
$(eval $(call unit,grpcmsg,reconciled/grpcmsg.o $(COMMON_CRI),-lprotobuf-c))
$(eval $(call unit,grpc,$(GRPC_WORLD) $(GRPC),$(LIBS_CRI)))
$(eval $(call unit,h2,$(GRPC_WORLD) $(GRPC),$(LIBS_CRI)))

CRI_WORLD	 = tests/unit/runtimeworld.o tests/unit/h2server.o
$(eval $(call unit,cri,$(CRI_WORLD) $(CRI) $(COMMON_CRI),$(LIBS_CRI)))
$(eval $(call unit,events,$(CRI_WORLD) $(CRI) $(COMMON_CRI),$(LIBS_CRI)))
$(eval $(call unit,cri_proto,reconciled/crimethod.o gen/cri.pb-c.o \
    gen/containerd.pb-c.o $(COMMON_CRI),-lprotobuf-c))

# Programs that other suites run.
TESTPROGRAMS	 =

# testprogram PATH, OBJECTS, LIBRARIES
define testprogram
TESTPROGRAMS += $(O)/$(1)
$(O)/$(1): $(call objs,$(1).o $(2))
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(3)
endef

$(eval $(call testprogram,tests/component/mirror_peer,$(IPC) $(COMMON),\
    $(LIBS_IPC)))
$(eval $(call testprogram,tests/component/cri,tests/component/cripod.o \
    $(CRI) $(COMMON_CRI),-lcmocka $(LIBS_CRI)))
$(eval $(call testprogram,tests/bench/rawcri,tests/component/cripod.o \
    $(CRI) $(COMMON_CRI),$(LIBS_CRI)))
$(eval $(call testprogram,tests/chaos/list,$(CRI) $(COMMON_CRI),$(LIBS_CRI)))

# For pods, which have no libraries; sanitizers cannot be linked so.
ifeq ($(SAN),)
$(O)/tests/component/grpc_server: HARDEN_LD = -static-pie -Wl,--no-warnings
endif
$(eval $(call testprogram,tests/component/grpc_server,\
    tests/unit/h2server.o reconciled/grpcmsg.o $(COMMON_CRI),\
    -lnghttp2 -levent_core -lprotobuf-c))

# Fuzz targets: fuzz_NAME for libFuzzer, and replay_NAME, which make check
# runs over tests/corpus/NAME.
FUZZ		 =

# fuzz NAME, OBJECTS, LIBRARIES
define fuzz
FUZZ += $(1)
FUZZ_REPLAY += $(O)/tests/fuzz/replay_$(1)
$(O)/tests/fuzz/replay_$(1): $(call objs,tests/fuzz/replay.o)
$(O)/tests/fuzz/fuzz_$(1): LDFLAGS += -fsanitize=fuzzer
$(O)/tests/fuzz/replay_$(1) $(O)/tests/fuzz/fuzz_$(1): \
    $(call objs,tests/fuzz/fuzz_$(1).o $(2))
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(3)
endef

$(eval $(call fuzz,cri,$(CRI) $(COMMON_CRI),$(LIBS_CRI)))

# Pure parts of reconciled, and ipc.
BASE		 = common/err.o common/log.o common/mem.o common/mtime.o
CTL_TEST	 = $(CTLPURE) gen/tripod.pb-c.o $(BASE)
$(eval $(call unit,match,$(CTL_TEST),-lprotobuf-c))
$(eval $(call unit,goal,$(CTL_TEST),-lprotobuf-c))
$(eval $(call unit,logline,$(CTL_TEST),-lprotobuf-c))
$(eval $(call fuzz,ctl,ctl/clean.o $(CTL_TEST),-lprotobuf-c))
PLAN_TEST	 = tests/unit/planrow.o $(PLAN) $(PODS) gen/tripod.pb-c.o $(BASE)
$(eval $(call unit,plan,$(PLAN_TEST),-lprotobuf-c))
$(eval $(call unit,plan_pod,$(PLAN_TEST),-lprotobuf-c))
$(eval $(call unit,imagegc,reconciled/imagegc.o reconciled/imageref.o \
    $(BASE),-lprotobuf-c))
$(eval $(call unit,down,$(PLAN) $(PODS) gen/tripod.pb-c.o $(BASE),\
    -lprotobuf-c))
$(eval $(call unit,order,$(PLAN) $(PODS) gen/tripod.pb-c.o $(BASE),\
    -lprotobuf-c))
$(eval $(call unit,imageref,reconciled/imageref.o))
$(eval $(call unit,mark,reconciled/mark.o gen/cri.pb-c.o $(BASE),\
    -lprotobuf-c))
$(eval $(call unit,backoff,reconciled/backoff.o $(BASE),-lprotobuf-c))
$(eval $(call unit,spec,reconciled/spec.o gen/tripod.pb-c.o $(BASE),\
    -lprotobuf-c))
$(eval $(call unit,imsg,ipc/imsg.o $(BASE),-lprotobuf-c))
$(eval $(call unit,dispatch,ipc/dispatch.o ipc/imsg.o gen/tripod.pb-c.o \
    $(BASE),-lprotobuf-c))
$(eval $(call unit,peer,$(IPC) $(BASE),$(LIBS_IPC)))
TRANSLATE	 = $(TRANSLATORS) $(PODS) gen/cri.pb-c.o \
		   gen/tripod.pb-c.o $(BASE)
$(eval $(call unit,translate,tests/unit/podworld.o $(TRANSLATE),\
    -lprotobuf-c))
$(eval $(call unit,translate_pod,tests/unit/podworld.o $(TRANSLATE),\
    -lprotobuf-c))
$(eval $(call unit,translate_env,tests/unit/podworld.o $(TRANSLATE),\
    -lprotobuf-c))
$(eval $(call unit,translate_many,tests/unit/podworld.o $(TRANSLATE),\
    -lprotobuf-c))
$(eval $(call unit,dns,$(TRANSLATE),-lprotobuf-c))
$(eval $(call unit,policy,tests/unit/policyparts.o \
    $(POLICY) common/name.o $(TRANSLATE), \
    -lprotobuf-c))
$(eval $(call unit,policy_power,tests/unit/policyparts.o \
    $(POLICY) common/name.o $(TRANSLATE), \
    -lprotobuf-c))
POD		 = $(PODS) gen/tripod.pb-c.o $(BASE)
CGROUP_TEST	 = reconciled/cgroup.o reconciled/disk.o $(TRANSLATE)
$(eval $(call unit,podgroup,reconciled/podgroup.o reconciled/qos.o \
    gen/tripod.pb-c.o $(BASE),-lprotobuf-c))
$(eval $(call unit,cgroup,tests/unit/podworld.o $(CGROUP_TEST),-lprotobuf-c))
$(eval $(call unit,pull,reconciled/act_image.o reconciled/imageref.o \
    $(PLAN) gen/cri.pb-c.o $(POD),-lprotobuf-c))
$(eval $(call unit,act,tests/unit/actworld.o $(ACT) $(PLAN) \
    reconciled/podgroup.o reconciled/qos.o \
    gen/cri.pb-c.o $(POD),-lprotobuf-c))
OBSERVE_TEST	 = reconciled/observe.o reconciled/observe_one.o \
		   reconciled/publish.o reconciled/mark.o common/name.o \
		   $(STATUS) reconciled/qos.o gen/cri.pb-c.o $(POD)
$(eval $(call unit,observe,tests/unit/observeworld.o $(OBSERVE_TEST),\
    -levent_core -lprotobuf-c))
$(eval $(call unit,publish,tests/unit/observeworld.o $(OBSERVE_TEST),\
    -levent_core -lprotobuf-c))
$(eval $(call unit,health,$(POD),-lprotobuf-c))
$(eval $(call unit,probe,reconciled/probe.o $(POD),-lprotobuf-c))
$(eval $(call unit,record,reconciled/record.o gen/tripod.pb-c.o $(BASE),\
    -lprotobuf-c))
HELPER_TEST	 = reconciled/helper.o reconciled/filter.o common/privdrop.o \
		   common/sandbox_linux.o
$(eval $(call unit,helper,$(HELPER_TEST) reconciled/disk.o $(BASE),\
    -levent_core -lseccomp -lprotobuf-c))
PROBER_TEST	 = tests/unit/callworld.o $(PROBECALL) gen/tripod.pb-c.o $(BASE)
LIBS_PROBER	 = -lcurl -levent_core -lprotobuf-c
$(eval $(call unit,call,tests/unit/hostile.o $(PROBER_TEST),\
    $(LIBS_PROBER) -levent_openssl -lssl -lcrypto))
$(eval $(call fuzz,prober,$(PROBECALL) gen/tripod.pb-c.o $(BASE),\
    $(LIBS_PROBER)))
$(eval $(call unit,prober,reconciled/prober.o $(IPC) $(BASE) \
    common/privdrop.o,$(LIBS_IPC)))
$(eval $(call unit,unready,reconciled/unready.o reconciled/disk.o $(POD),\
    -lprotobuf-c))
$(eval $(call unit,probes,reconciled/probes.o reconciled/probe.o $(POD),\
    -levent_core -lprotobuf-c))
$(eval $(call unit,handler,reconciled/handler.o reconciled/prober.o \
    $(TRANSLATE) ipc/imsg.o ipc/dispatch.o ipc/peer.o \
    common/privdrop.o,$(LIBS_IPC)))
$(eval $(call unit,grpchealth,tests/unit/h2server.o reconciled/grpcmsg.o \
    $(PROBER_TEST),-lnghttp2 $(LIBS_PROBER)))
$(eval $(call unit,follow,reconciled/follow.o $(IPC) $(PODS) $(BASE) \
    common/privdrop.o,$(LIBS_IPC)))
$(eval $(call unit,why,tests/unit/planrow.o reconciled/why.o \
    reconciled/detail.o $(PLAN) $(POD),-lprotobuf-c))
$(eval $(call unit,resolve,$(PLAN) $(POD),-lprotobuf-c))
$(eval $(call unit,status,$(STATUS) reconciled/qos.o $(POD),-lprotobuf-c))
$(eval $(call unit,status_pod,tests/unit/planrow.o $(STATUS) \
    reconciled/qos.o $(PLAN) $(POD),-lprotobuf-c))
$(eval $(call unit,desired,reconciled/desired.o $(POD),-lprotobuf-c))
$(eval $(call unit,collect,reconciled/collect.o reconciled/imagegc.o \
    reconciled/imageref.o reconciled/desired.o gen/cri.pb-c.o $(POD),\
    -levent_core -lprotobuf-c))
$(eval $(call unit,lend,reconciled/lend.o reconciled/lender.o \
    $(HELPER_TEST) reconciled/disk.o common/name.o $(BASE),\
    -levent_core -lseccomp -lprotobuf-c))
$(eval $(call unit,define,reconciled/define.o reconciled/desired.o \
    reconciled/podgroup.o reconciled/qos.o $(POD),-lprotobuf-c))
$(eval $(call unit,kept,reconciled/kept.o reconciled/disk.o $(POD),-lprotobuf-c))
$(eval $(call unit,logs,reconciled/logs.o reconciled/disk.o $(BASE),\
    -lprotobuf-c))
$(eval $(call unit,filter,tests/unit/child.o reconciled/filter.o \
    common/sandbox_linux.o common/log.o common/mtime.o,-lseccomp))
$(eval $(call unit,trash,reconciled/trash.o reconciled/disk.o \
    $(BASE),-lprotobuf-c))
$(eval $(call unit,mounter,tests/unit/helperworld.o $(FILES) common/name.o common/privdrop.o \
    common/sandbox_linux.o $(TRANSLATE),\
    -levent_core -lseccomp -lprotobuf-c))
$(eval $(call unit,disk,tests/unit/helperworld.o $(FILES) common/name.o common/privdrop.o \
    common/sandbox_linux.o $(TRANSLATE),\
    -levent_core -lseccomp -lprotobuf-c))
$(eval $(call fuzz,text,$(FILES) common/name.o common/privdrop.o \
    common/sandbox_linux.o $(TRANSLATE),\
    -levent_core -lseccomp -lprotobuf-c))
$(eval $(call fuzz,ops,$(filter-out reconciled/main.o,$(RECONCILED)) \
    $(IPC) $(COMMON),-lnghttp2 $(LIBS_IPC)))
SIM		+= $(O)/tests/sim/sim
$(O)/tests/sim/sim: $(call objs,tests/sim/sim.o tests/sim/agent.o \
    tests/sim/agent_call.o tests/sim/awake.o \
    tests/sim/world.o $(PLAN) $(PODS) gen/tripod.pb-c.o \
    $(BASE))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -lprotobuf-c

# Pure parts of mirrord, and its credentials.
MIRROR_TEST	 = $(MIRRORPLAN) gen/tripod.pb-c.o common/name.o common/err.o \
		   common/log.o common/mem.o common/mtime.o
LIBS_MIRROR	 = -ljansson -lprotobuf-c
$(eval $(call unit,kubeconfig,mirrord/kubeconfig.o $(BASE),\
    -lyaml -lprotobuf-c))
$(eval $(call unit,cred,mirrord/cred.o mirrord/kubeconfig.o $(BASE),\
    -lyaml -lcrypto -lprotobuf-c))
$(eval $(call unit,apijson,mirrord/apijson.o $(BASE),$(LIBS_MIRROR)))
$(eval $(call unit,mirror_events,$(MIRROR_TEST),$(LIBS_MIRROR)))
$(eval $(call unit,mirror_plan,$(MIRROR_TEST),$(LIBS_MIRROR)))
$(eval $(call unit,mirror_status,$(MIRROR_TEST),$(LIBS_MIRROR)))
$(eval $(call unit,mirror_node,$(MIRROR_TEST),$(LIBS_MIRROR)))
$(eval $(call unit,mirror_model,$(MIRROR_TEST),$(LIBS_MIRROR)))
$(eval $(call fuzz,api,$(MIRROR_TEST),$(LIBS_MIRROR)))

# watcherd: each part with what it stands on.
TREE		 = $(MANIFEST_TREE) gen/tripod.pb-c.o $(BASE)
MANIFEST_ALL	 = $(MANIFEST) gen/tripod.pb-c.o common/name.o $(BASE)
LIBS_MANIFEST	 = -lyaml -lcrypto -lprotobuf-c
$(eval $(call unit,yaml,$(TREE),-lyaml -lprotobuf-c))
$(eval $(call unit,json,$(TREE),-lyaml -lprotobuf-c))
$(eval $(call unit,quantity,watcherd/quantity.o watcherd/utf8.o \
    watcherd/image.o \
    common/err.o,))
$(eval $(call unit,schema,$(MANIFEST_SCHEMA),))
$(eval $(call unit,excerpt,watcherd/excerpt.o $(TREE),-lyaml -lprotobuf-c))
$(eval $(call unit,explain,watcherd/explain.o watcherd/explain_text.o \
    watcherd/explain_json.o watcherd/explain_table.o watcherd/excerpt.o \
    watcherd/report.o watcherd/report_json.o $(MANIFEST_ALL),\
    $(LIBS_MANIFEST)))
$(eval $(call unit,decode,watcherd/decode.o watcherd/overlay.o \
    watcherd/timestamp.o watcherd/kind.o \
    watcherd/hint.o watcherd/quantity.o \
    $(MANIFEST_SCHEMA) $(TREE),-lyaml -lprotobuf-c))
$(eval $(call unit,validate,tests/unit/cases.o $(MANIFEST_ALL),\
    $(LIBS_MANIFEST)))
$(eval $(call unit,cases,tests/unit/cases.o $(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,intake,$(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,mutations,$(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,fields,$(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,canonical,$(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,identity,$(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,defaults,$(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,render,tests/unit/cases.o $(MANIFEST_ALL),\
    $(LIBS_MANIFEST)))
$(eval $(call unit,pod,tests/unit/messagetext.o $(MANIFEST_ALL),\
    $(LIBS_MANIFEST)))
$(eval $(call unit,manifest,$(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call unit,hostile,watcherd/excerpt.o $(MANIFEST_ALL),$(LIBS_MANIFEST)))
$(eval $(call fuzz,manifest,watcherd/excerpt.o $(MANIFEST_ALL),\
    $(LIBS_MANIFEST)))
$(eval $(call testprogram,tests/bench/decode,$(MANIFEST_ALL),\
    $(LIBS_MANIFEST)))
$(eval $(call testprogram,tests/yamldiff/tripod,$(MANIFEST_ALL),\
    $(LIBS_MANIFEST)))
$(eval $(call unit,files,watcherd/files.o watcherd/load.o common/name.o \
    watcherd/utf8.o \
    $(BASE),-lprotobuf-c))

unit: $(UNIT)
	tests/lib/run $(UNIT)

demo:
	@tests/lib/deps build test
	@$(MAKE) -s --no-print-directory all
	@TRIPOD_BIN=$(abspath $(O))/bin tests/lib/demo

# BENCH=single, thirty, idle, mirror or rescan: only those rows.
BENCH		?=

bench: all $(O)/tests/bench/rawcri $(O)/tests/bench/decode
	@tests/lib/deps build test
	@TRIPOD_OBJ=$(abspath $(O)) tests/bench/all $(BENCH)

# CHAOS_TIME=seconds, CHAOS_SEED=number of an earlier run.
CHAOS_TIME	?= 600

chaos: all $(O)/tests/bench/rawcri $(O)/tests/chaos/list
	@tests/lib/deps build test
	@TRIPOD_OBJ=$(abspath $(O)) CHAOS_TIME=$(CHAOS_TIME) \
	    CHAOS_SEED=$(CHAOS_SEED) tests/chaos/run

# The part of it that needs no runtime.
bench-intake: $(O)/tests/bench/decode
	@TRIPOD_OBJ=$(abspath $(O)) tests/bench/intake

# Also run by make check: simulators (built programs, below $(O)).
SIM		?=

testprograms: $(UNIT) $(SIM) $(TESTPROGRAMS) $(FUZZ_REPLAY)

check:
	@! command -v apt-get >/dev/null || tests/lib/deps build test
	@TRIPOD_OBJ=$(abspath $(O)) CHECK_UNIT='$(UNIT:$(O)/%=%)' \
	    CHECK_SIM='$(SIM:$(O)/%=%)' \
	    CHECK_FUZZ='$(FUZZ_REPLAY:$(O)/%=$(O)-san/%)' \
	    tests/lib/check

# Looks for new trouble, FUZZ_TIME seconds with each target; what is found
# is left in the object folder and belongs into tests/corpus.
FUZZ_TIME	?= 60
FUZZ_O		 = $(O)-fuzz

fuzz:
	$(MAKE) CC=clang SAN=address,undefined,fuzzer-no-link O=$(FUZZ_O) \
	    $(patsubst %,$(FUZZ_O)/tests/fuzz/fuzz_%,$(FUZZ))
	for t in $(FUZZ); do \
		mkdir -p $(FUZZ_O)/corpus/$$t && \
		$(FUZZ_O)/tests/fuzz/fuzz_$$t -max_total_time=$(FUZZ_TIME) \
		    $$(ls tests/fuzz/fuzz_$$t.dict 2>/dev/null | \
		    sed s/^/-dict=/) \
		    -artifact_prefix=$(FUZZ_O)/$$t- $(FUZZ_O)/corpus/$$t \
		    tests/corpus/$$t || exit 1; \
	done

lint: all
	@TRIPOD_OBJ=$(abspath $(O)) tests/lib/run tests/lint/*

# What the schema's tables say, for people.
fields: $(O)/bin/watcherd
	$(O)/bin/watcherd -E -o markdown >watcherd/FIELDS.md

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

deps:
	tests/lib/deps build

# For a person trying it out, against the system's runtime; see etc/run.
run: all
	@TRIPOD_BIN=$(abspath $(O)/bin) etc/run

# An administrator's configuration is never overwritten.
CONF		 = reconciled.conf watcherd.conf mirrord.conf
UNITS		 = reconciled.service watcherd.service mirrord.service \
		   tripod-shutdown.service
MAN8		 = $(wildcard reconciled/*.8 watcherd/*.8 mirrord/*.8 ctl/*.8)
MAN5		 = $(wildcard reconciled/*.5 watcherd/*.5 mirrord/*.5)
EXAMPLES	 = $(wildcard etc/examples/*) etc/mirrord-netns.conf
INSTALL		?= install
CONFDIR		 = $(DESTDIR)$(SYSCONFDIR)/tripod
SUBST		 = sed -e 's,@SBINDIR@,$(SBINDIR),g' \
		   -e 's,@SYSCONFDIR@,$(SYSCONFDIR),g' \
		   -e 's,@RUNDIR@,$(RUNDIR),g' -e 's,@STATEDIR@,$(STATEDIR),g'
DIRS		 = $(SBINDIR) $(LIBEXECDIR) $(MANDIR)/man5 $(MANDIR)/man8 $(EXAMPLEDIR) \
		   $(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) \
		   $(SYSCONFDIR)/tripod

install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(DIRS))
	$(INSTALL) -m 755 $(PROGRAMS) $(DESTDIR)$(SBINDIR)
	$(INSTALL) -m 755 $(HELPERS) $(DESTDIR)$(LIBEXECDIR)
	$(INSTALL) -m 644 $(MAN8) $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 644 $(MAN5) $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 644 $(EXAMPLES) $(addprefix etc/,$(CONF)) \
	    $(DESTDIR)$(EXAMPLEDIR)
	for f in $(CONF); do \
		test -e $(CONFDIR)/$$f || \
		    $(INSTALL) -m 644 etc/$$f $(CONFDIR)/$$f || exit 1; \
	done
	for f in $(UNITS); do \
		$(SUBST) etc/$$f >$(DESTDIR)$(UNITDIR)/$$f || exit 1; \
		chmod 644 $(DESTDIR)$(UNITDIR)/$$f || exit 1; \
	done
	$(INSTALL) -m 644 etc/tripod.sysusers \
	    $(DESTDIR)$(SYSUSERSDIR)/tripod.conf
	$(SUBST) etc/tripod.tmpfiles >$(DESTDIR)$(TMPFILESDIR)/tripod.conf
	chmod 644 $(DESTDIR)$(TMPFILESDIR)/tripod.conf
	@test -n "$(DESTDIR)" || echo "users and folders: systemd-sysusers" \
	    "tripod.conf; systemd-tmpfiles --create tripod.conf"

# Configuration, state and users stay.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,$(notdir $(PROGRAMS)))
	rm -rf $(DESTDIR)$(LIBEXECDIR)
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man8/,$(notdir $(MAN8)))
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man5/,$(notdir $(MAN5)))
	rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS))
	rm -f $(DESTDIR)$(SYSUSERSDIR)/tripod.conf \
	    $(DESTDIR)$(TMPFILESDIR)/tripod.conf
	rm -rf $(DESTDIR)$(EXAMPLEDIR)

clean:
	rm -rf obj obj-*

.PHONY: all analyse unit testprograms check chaos demo run bench \
    bench-intake fuzz \
    lint fields format install uninstall deps clean
