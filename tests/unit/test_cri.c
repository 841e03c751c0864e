#include "reconciled/cri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "common/log.h"
#include "reconciled/criinfo.h"
#include "reconciled/crimethod.h"
#include "tests/unit/runtimeworld.h"

/* --- the table of methods --- */

static void
test_deadlines(void **state)
{
	Runtime__V1__StopContainerRequest stop =
	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;
	Runtime__V1__ExecSyncRequest exec =
	    RUNTIME__V1__EXEC_SYNC_REQUEST__INIT;
	static const struct {
		enum cri_method method;
		int64_t seconds, ms;
	} cases[] = {
		{ CRI_VERSION, 0, 120000 },
		{ CRI_RUN_POD_SANDBOX, 0, 240000 },
		{ CRI_PULL_IMAGE, 0, GRPC_NO_DEADLINE },
		{ CRI_GET_CONTAINER_EVENTS, 0, GRPC_NO_DEADLINE },
		{ CRI_STOP_CONTAINER, 30, 150000 },
		{ CRI_STOP_CONTAINER, 0, 120000 },
		{ CRI_STOP_CONTAINER, -1, 120000 },
		{ CRI_EXEC_SYNC, 5, 125000 },
		{ CRI_EXEC_SYNC, 0, GRPC_NO_DEADLINE },
	};
	const ProtobufCMessage *req;
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stop.timeout = exec.timeout = cases[i].seconds;
		req = cases[i].method == CRI_EXEC_SYNC ? &exec.base
						       : &stop.base;
		ms = cri_method_desc(cases[i].method)->deadline(req);
		assert_int_equal(ms, cases[i].ms);
	}
	stop.timeout = INT64_MAX;
	ms = cri_method_desc(CRI_STOP_CONTAINER)->deadline(&stop.base);
	assert_true(ms > 120000 && ms < INT64_MAX / 1000);
}

static void
test_table(void **state)
{
	const struct cri_method_desc *m;
	int i;

	(void)state;
	for (i = 0; i < CRI_METHODS; i++) {
		m = cri_method_desc((enum cri_method)i);
		assert_non_null(m->grpc.path);
		assert_non_null(m->grpc.request);
		assert_non_null(m->grpc.response);
		assert_non_null(m->deadline);
	}
	assert_string_equal(
	    cri_method_str(CRI_STOP_CONTAINER), "StopContainer");
	/* Many commands may print at once. */
	m = cri_method_desc(CRI_EXEC_SYNC);
	assert_in_range(m->grpc.max_message, 1, GRPC_MESSAGE_MAX / 16);
	assert_in_range(m->grpc.max_memory, 1, GRPC_MEMORY_MAX / 16);
}

static void
test_missing(void **state)
{
	char id[] = "id", uid[] = "u", name[] = "n";
	Runtime__V1__PodSandboxStatusResponse res =
	    RUNTIME__V1__POD_SANDBOX_STATUS_RESPONSE__INIT;
	Runtime__V1__PodSandboxStatus status =
	    RUNTIME__V1__POD_SANDBOX_STATUS__INIT;
	Runtime__V1__PodSandboxMetadata meta =
	    RUNTIME__V1__POD_SANDBOX_METADATA__INIT;
	Runtime__V1__ImageStatusResponse image =
	    RUNTIME__V1__IMAGE_STATUS_RESPONSE__INIT;
	Runtime__V1__Image img = RUNTIME__V1__IMAGE__INIT;
	const struct cri_method_desc *m = cri_method_desc(
	    CRI_POD_SANDBOX_STATUS);

	(void)state;
	assert_non_null(m->missing(&res));
	res.status = &status;
	assert_non_null(m->missing(&res));
	status.id = id;
	status.created_at = 1;
	assert_non_null(m->missing(&res));
	status.metadata = &meta;
	meta.uid = uid;
	meta.name = name;
	assert_non_null(m->missing(&res));
	meta.namespace_ = name;
	assert_null(m->missing(&res));
	status.created_at = 0;
	assert_non_null(m->missing(&res));
	m = cri_method_desc(CRI_IMAGE_STATUS);
	assert_null(m->missing(&image));
	image.image = &img;
	assert_non_null(m->missing(&image));
	img.id = id;
	img.size = 1;
	assert_null(m->missing(&image));
}

/* --- what a runtime says about itself --- */

static void
test_driver(void **state)
{
	static const struct {
		const char *json;
		enum cri_cgroup_driver driver;
	} cases[] = {
		{ "", CRI_CGROUP_UNKNOWN },
		{ "{\"systemdCgroup\":true}", CRI_CGROUP_UNKNOWN },
		{ "{\"a\":{\"SystemdCgroup\":true}}", CRI_CGROUP_SYSTEMD },
		{ "{\"a\":{\"SystemdCgroup\":false}}", CRI_CGROUP_CGROUPFS },
		{ "{\"SystemdCgroup\":false},{\"SystemdCgroup\":true}",
		    CRI_CGROUP_UNKNOWN },
	};
	Runtime__V1__StatusResponse r = RUNTIME__V1__STATUS_RESPONSE__INIT;
	Runtime__V1__StatusResponse__InfoEntry entry =
	    RUNTIME__V1__STATUS_RESPONSE__INFO_ENTRY__INIT;
	Runtime__V1__StatusResponse__InfoEntry *entries[] = { &entry };
	char key[] = "config";
	size_t i;

	(void)state;
	assert_int_equal(criinfo_driver(&r), CRI_CGROUP_UNKNOWN);
	r.n_info = 1;
	r.info = entries;
	entry.key = key;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		entry.value = (char *)(uintptr_t)cases[i].json;
		assert_int_equal(criinfo_driver(&r), cases[i].driver);
	}
}

static void
test_sandbox_image(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "{\"sandboxImage\":\"\"}", "" },
		{ "{\"a\":{\"sandboxImage\":\"x/pause:3\"}}", "x/pause:3" },
		{ "{\"sandboxImage\":\"x/pa", "" },
		{ "{\"sandboxImage\":\"x\\\"y\"", "" },
		{ "{\"sandboxImage\":7}", "" },
	};
	Runtime__V1__StatusResponse r = RUNTIME__V1__STATUS_RESPONSE__INIT;
	Runtime__V1__StatusResponse__InfoEntry entry =
	    RUNTIME__V1__STATUS_RESPONSE__INFO_ENTRY__INIT;
	Runtime__V1__StatusResponse__InfoEntry *entries[] = { &entry };
	struct cri_info info;
	char key[] = "config";
	size_t i;

	(void)state;
	r.n_info = 1;
	r.info = entries;
	entry.key = key;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		criinfo_init(&info);
		entry.value = (char *)(uintptr_t)cases[i][0];
		criinfo_sandbox_image(&info, &r);
		assert_string_equal(info.sandbox_image, cases[i][1]);
		criinfo_release(&info);
	}
}

/* --- handshake --- */

static void
test_handshake(void **state)
{
	struct runtimeworld *w = *state;
	const struct cri_info *info;

	runtimeworld_begin(w);
	runtimeworld_await_state(w, CRI_UP);
	info = cri_info(w->cri);
	assert_string_equal(info->runtime_name, "containerd");
	assert_string_equal(info->runtime_version, "9.9");
	assert_string_equal(info->reason, "");
	assert_true(info->runtime_ready);
	assert_true(info->network_ready);
	assert_int_equal(info->cgroup_driver, CRI_CGROUP_SYSTEMD);
	h2server_drop(w->server);
	runtimeworld_await_state(w, CRI_DOWN);
	assert_false(info->runtime_ready);
	assert_string_equal(info->runtime_name, "containerd");
	runtimeworld_await_state(w, CRI_UP);
}

static void
test_old_runtime(void **state)
{
	struct runtimeworld *w = *state;

	w->no_runtime_config = 1;
	runtimeworld_begin(w);
	runtimeworld_await_state(w, CRI_UP);
	assert_int_equal(cri_info(w->cri)->cgroup_driver, CRI_CGROUP_CGROUPFS);
}

/* Each fault holds the handshake up until it is mended. */
static void
test_bad_handshake(void **state)
{
	struct runtimeworld *w = *state;
	int *const faults[] = { &w->no_version, &w->no_image_service,
		&w->no_conditions };
	static const char *const reasons[] = { "Version: Version lacks a field",
		"ImageFsInfo: what?", "Status: conditions are missing" };
	size_t i;

	for (i = 0; i < 3; i++)
		*faults[i] = 1;
	runtimeworld_begin(w);
	for (i = 0; i < 3; i++) {
		runtimeworld_await_reason(w, reasons[i]);
		assert_int_equal(cri_info(w->cri)->state, CRI_HANDSHAKING);
		*faults[i] = 0;
	}
	runtimeworld_await_state(w, CRI_UP);
	assert_string_equal(cri_info(w->cri)->reason, "");
}

static void
test_network_later(void **state)
{
	struct runtimeworld *w = *state;

	w->no_network = 1;
	runtimeworld_begin(w);
	runtimeworld_await_state(w, CRI_UP);
	assert_true(cri_info(w->cri)->runtime_ready);
	assert_false(cri_info(w->cri)->network_ready);
	assert_string_equal(
	    cri_info(w->cri)->reason, "network not ready: no CNI");
	w->no_network = 0;
	runtimeworld_await_reason(w, "");
	assert_true(cri_info(w->cri)->network_ready);
}

/* --- calls --- */

static void
test_stop_absent(void **state)
{
	struct runtimeworld *w = *state;
	Runtime__V1__StopContainerRequest stop =
	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;
	Runtime__V1__ContainerStatusRequest status =
	    RUNTIME__V1__CONTAINER_STATUS_REQUEST__INIT;

	runtimeworld_begin(w);
	runtimeworld_await_state(w, CRI_UP);
	runtimeworld_call(w, CRI_STOP_CONTAINER, &stop.base);
	assert_int_equal(w->code, GRPC_OK);
	assert_true(w->had_response);
	runtimeworld_call(w, CRI_CONTAINER_STATUS, &status.base);
	assert_int_equal(w->code, GRPC_NOT_FOUND);
	assert_false(w->had_response);
	assert_false(w->uncertain);
}

static void
test_no_id(void **state)
{
	struct runtimeworld *w = *state;
	Runtime__V1__CreateContainerRequest req =
	    RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;

	runtimeworld_begin(w);
	runtimeworld_await_state(w, CRI_UP);
	runtimeworld_call(w, CRI_CREATE_CONTAINER, &req.base);
	assert_int_equal(w->code, GRPC_INTERNAL);
	assert_false(w->had_response);
	assert_true(w->uncertain);
}

static void
test_not_connected(void **state)
{
	struct runtimeworld *w = *state;
	Runtime__V1__VersionRequest req = RUNTIME__V1__VERSION_REQUEST__INIT;

	h2server_free(w->server);
	w->server = NULL;
	runtimeworld_begin(w);
	runtimeworld_await_reason(w, "No such file or directory");
	runtimeworld_call(w, CRI_VERSION, &req.base);
	assert_int_equal(w->code, GRPC_UNAVAILABLE);
	assert_false(w->uncertain);
}

#define WORLD(f)                         \
	cmocka_unit_test_setup_teardown( \
	    f, runtimeworld_setup, runtimeworld_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_driver),
		cmocka_unit_test(test_sandbox_image),
		WORLD(test_handshake),
		WORLD(test_old_runtime),
		WORLD(test_bad_handshake),
		WORLD(test_network_later),
		WORLD(test_stop_absent),
		WORLD(test_no_id),
		WORLD(test_not_connected),
	};

	log_init("test_cri");
	log_set_level(LOG_LEVEL_WARN);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
