/*
 * A pod with one container and all that translating it needs; tests change
 * its parts.
 */
#ifndef PODWORLD_H
#define PODWORLD_H

#include "reconciled/translate.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
/* Texts of generated structures are not const. */
#define TEXT(s) ((char *)(uintptr_t)(s))
#define SEEN_NS 1764000000123456789LL

struct fixture {
	struct arena arena;
	struct translate_env env;
	struct instance in;
	struct err err;
	struct pod *p;
	Tripod__Definition definition;
	Tripod__Pod pod;
	Tripod__PodSecurity pod_security; /* of pod, if a test says so */
	Tripod__Container container;
	Tripod__Security security; /* of container, likewise */
	Tripod__Resources resources;
	Tripod__Container *containers[1];
};

int podworld_setup(void **state);
int podworld_teardown(void **state);
/* The container's configuration; fails the test if there is none. */
Runtime__V1__ContainerConfig *podworld_made(struct fixture *);
Runtime__V1__LinuxContainerSecurityContext *podworld_security(struct fixture *);
/* Sets one amount of the container; -1: none. */
void podworld_want(struct fixture *, int limit, const char *, int64_t amount);
/* Value in a map of any message, or NULL. */
const char *map_value(const void *entries, size_t n, const char *key);

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, podworld_setup, podworld_teardown)

#endif
