"""The parts that need no server: patches, selectors, quantities, ages."""

import unittest

from standin import patch, poddefaults, resources, selectors, tables
from standin.errors import ApiError
from standin.schema import Decoder

PODS = resources.ALL["pods"]
NODES = resources.ALL["nodes"]


def strategic(current, change, res=PODS):
    return patch.apply("application/strategic-merge-patch+json", current,
                       change, res)


class Strategic(unittest.TestCase):
    CONDITIONS = {"status": {"conditions": [
        {"type": "Ready", "status": "True", "reason": "X"},
        {"type": "Foreign", "status": "True"}]}}

    def conditions(self, *change):
        out = strategic(self.CONDITIONS, {"status": {
            "conditions": list(change)}})
        return out["status"]["conditions"]

    def test_conditions_merge_by_type(self):
        self.assertEqual(
            [{"type": "Ready", "status": "False"},
             {"type": "Foreign", "status": "True"}],
            self.conditions({"type": "Ready", "status": "False",
                             "reason": None}))

    def test_untold_fields_of_an_element_stay(self):
        self.assertEqual(
            {"type": "Ready", "status": "False", "reason": "X"},
            self.conditions({"type": "Ready", "status": "False"})[0])

    def test_new_element_loses_nulls(self):
        self.assertIn({"type": "New", "status": "True"},
                      self.conditions({"type": "New", "status": "True",
                                       "message": None}))

    def test_delete_and_replace_directives(self):
        self.assertEqual(
            ["Foreign"], [c["type"] for c in self.conditions(
                {"type": "Ready", "$patch": "delete"})])
        self.assertEqual(
            [{"type": "A"}],
            self.conditions({"type": "A"}, {"$patch": "replace"}))

    def test_element_without_key(self):
        with self.assertRaises(ApiError):
            self.conditions({"status": "True"})

    def test_atomic_lists(self):
        old = {"status": {"containerStatuses": [{"name": "a"},
                                                {"name": "b"}]},
               "spec": {"tolerations": [{"key": "x"}]}}
        out = strategic(old, {"status": {"containerStatuses":
                                         [{"name": "b"}]},
                              "spec": {"tolerations": [{"key": "y"}]}})
        self.assertEqual([{"name": "b"}], out["status"]["containerStatuses"])
        self.assertEqual([{"key": "y"}], out["spec"]["tolerations"])

    def test_containers_by_name_with_order(self):
        old = {"spec": {"containers": [{"name": "a", "image": "1"},
                                       {"name": "b", "image": "1"}]}}
        out = strategic(old, {"spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "b", "image": "2"}]}})
        self.assertEqual([{"name": "b", "image": "2"},
                          {"name": "a", "image": "1"}],
                         out["spec"]["containers"])

    def test_finalizers_are_a_set(self):
        old = {"metadata": {"finalizers": ["a/b", "c/d"]}}
        out = strategic(old, {"metadata": {
            "$deleteFromPrimitiveList/finalizers": ["a/b"],
            "finalizers": ["c/d", "e/f"]}})
        self.assertEqual(["c/d", "e/f"], out["metadata"]["finalizers"])

    def test_maps(self):
        old = {"metadata": {"labels": {"a": "1", "b": "2"}}}
        out = strategic(old, {"metadata": {"labels": {"a": None}}})
        self.assertEqual({"b": "2"}, out["metadata"]["labels"])
        out = strategic(old, {"metadata": {"labels": {
            "$patch": "replace", "c": "3"}}})
        self.assertEqual({"c": "3"}, out["metadata"]["labels"])

    def test_taints_are_atomic(self):
        old = {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}
        new = {"spec": {"taints": [{"key": "b", "effect": "NoSchedule"}]}}
        self.assertEqual(new, strategic(old, new, NODES))


class JsonPatch(unittest.TestCase):
    def run_steps(self, doc, *steps):
        return patch.json_patch(doc, list(steps))

    def test_operations(self):
        doc = {"a": {"b/c": [1, 2]}, "d": 4}
        out = self.run_steps(
            doc, {"op": "test", "path": "/d", "value": 4},
            {"op": "add", "path": "/a/b~1c/-", "value": 3},
            {"op": "add", "path": "/a/b~1c/0", "value": 0},
            {"op": "remove", "path": "/a/b~1c/1"},
            {"op": "replace", "path": "/d", "value": 5},
            {"op": "copy", "from": "/d", "path": "/e"},
            {"op": "move", "from": "/e", "path": "/f"})
        self.assertEqual({"a": {"b/c": [0, 2, 3]}, "d": 5, "f": 5}, out)

    def test_failures_are_422(self):
        for step in ({"op": "test", "path": "/a", "value": 2},
                     {"op": "remove", "path": "/x"}, {"op": "fly"},
                     {"op": "add", "path": "/l/9", "value": 1}, 7):
            with self.assertRaises(ApiError) as caught:
                self.run_steps({"a": 1, "l": []}, step)
            self.assertEqual(422, caught.exception.code)


class Selectors(unittest.TestCase):
    POD = {"metadata": {"name": "p", "namespace": "d",
                        "labels": {"app": "web", "tier": "x"}},
           "spec": {"nodeName": "n1"}}

    def test_labels(self):
        for text, wanted in (
                ("app=web", True), ("app==web,tier!=y", True),
                ("app in (web, db)", True), ("app notin (web)", False),
                ("!missing", True), ("missing", False), ("app", True),
                ("missing!=x", True), ("", True)):
            self.assertEqual(wanted, selectors.LabelSelector(text).matches(
                self.POD), text)

    def test_fields(self):
        for text, wanted in (("spec.nodeName=n1", True),
                             ("spec.nodeName!=n1", False),
                             ("metadata.name=p,spec.nodeName=n1", True),
                             ("status.phase!=Failed", True)):
            self.assertEqual(wanted, selectors.FieldSelector(
                text, PODS).matches(self.POD), text)
        with self.assertRaises(ApiError):
            selectors.FieldSelector("spec.image=x", PODS)


class Values(unittest.TestCase):
    def test_qos(self):
        def qos(resources_):
            return poddefaults.qos_class({"spec": {"containers": [
                {"name": "c", "resources": resources_}]}})

        full = {"cpu": "1", "memory": "1Gi"}
        self.assertEqual("BestEffort", qos({}))
        self.assertEqual("Burstable", qos({"requests": {"cpu": "100m"}}))
        self.assertEqual("Guaranteed", qos({"limits": full,
                                            "requests": full}))

    def test_quantity(self):
        for text, value in (("100m", 0.1), ("1Ki", 1024), ("2", 2),
                            ("1e3", 1000), ("1M", 1e6)):
            self.assertAlmostEqual(value, poddefaults.quantity(text))
        for text in ("", "x", "1Q"):
            with self.assertRaises(ValueError):
                poddefaults.quantity(text)

    def test_durations(self):
        for seconds, text in ((5, "5s"), (119, "119s"), (125, "2m5s"),
                              (3600, "60m"), (86400, "24h"),
                              (86400 * 3, "3d"), (86400 * 30, "30d")):
            self.assertEqual(text, tables.duration(seconds))

    def test_decoding(self):
        decoder = Decoder()
        pod = decoder.decode({"spec": {
            "hostNetwork": False, "nodeName": "", "bogus": 1,
            "containers": [{"name": "c", "env": None, "args": []}],
            "volumes": [{"name": "v", "emptyDir": {}}]}}, "Pod")
        self.assertEqual({"spec": {
            "containers": [{"name": "c"}],
            "volumes": [{"name": "v", "emptyDir": {}}]}}, pod)
        self.assertEqual(["spec.bogus"], decoder.unknown)
        for bad in ({"spec": {"hostNetwork": "yes"}}, {"spec": []},
                    {"spec": {"containers": {}}},
                    {"spec": {"priority": 2 ** 40}},
                    {"metadata": {"labels": {"a": 1}}},
                    {"status": {"startTime": "yesterday"}}):
            with self.assertRaises(ApiError, msg=str(bad)) as caught:
                Decoder().decode(bad, "Pod")
            self.assertEqual(400, caught.exception.code)
