"""Rules, alerts and dashboard: promtool takes them, each alert fires when it should and leads to a page,
and every metric they name is one that the real server has."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.append(str(HERE.parent / "operating"))

from real_server import Server  # noqa: E402

PROMTOOL = pathlib.Path(os.environ["PORCHLIGHT_PROGRAMS"], "usr/bin/promtool")
RULES = ROOT / "packaging/prometheus/porchlight.rules.yml"
DASHBOARD = ROOT / "packaging/grafana/porchlight.json"


def promtool(*arguments):
    done = subprocess.run([PROMTOOL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def expressions_of(dashboard):
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def unknown(text, metrics, rules):
    """What the text names and neither a server (metrics: its /metrics) nor a rule has."""
    there = set(re.findall(r"(?m)^(porchlight_\w+)", metrics))
    recorded = set(re.findall(r"record: (\S+)", rules))
    missing = {name for name in re.findall(r"(?<![\w:])porchlight_\w+", text) if name not in there}
    missing |= {name for name in re.findall(r"job:\w+:\w+", text) if name not in recorded}
    for label, values in re.findall(r'\b(limit|status|outcome)=~?"([^"]*)"', text):
        missing |= {"%s=%s" % (label, value) for value in values.split("|")
                    if '%s="%s"' % (label, value) not in metrics}
    return missing


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rules = RULES.read_text()
        cls.dashboard = json.loads(DASHBOARD.read_text())
        with tempfile.TemporaryDirectory(prefix="porchlight-monitoring-") as folder:
            server = Server(folder)
            cls.metrics = server.ask("GET", "/metrics")[1].decode()
            server.stop()
        cls.alerts = re.findall(r"- alert: (\w+)", cls.rules)

    def test_the_rules_are_rules(self):
        code, said = promtool("check", "rules", RULES)
        self.assertEqual(code, 0, said)
        self.assertGreater(len(self.alerts), 10)

    def test_the_servers_metrics_are_what_prometheus_takes(self):
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=self.metrics, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertNotIn("error", done.stdout.lower())

    def test_each_alert_fires_when_it_should_and_none_otherwise(self):
        every = ", ".join("{labels: '{alertname=\"%s\"}', value: 1}" % name for name in self.alerts
                          if name != "PorchlightRestarting")
        text = (HERE / "alerts_test.yml").read_text().replace("[RULES]", "[%s]" % RULES)
        text = text.replace("EVERY_ALERT_BUT_RESTARTING", "[%s]" % every)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(text)
            file.flush()
            code, said = promtool("test", "rules", file.name)
        self.assertEqual(code, 0, said)

    def test_each_alert_leads_to_a_place_in_the_runbook(self):
        headings = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in
                    re.findall(r"(?m)^#+ (.*)$", (ROOT / "docs/operating.md").read_text())}
        found = re.findall(r"- alert: (\w+)(?:(?!- alert:)[\s\S])*?runbook: docs/operating\.md#(\S+)", self.rules)
        self.assertEqual([name for name, _ in found], self.alerts)
        for name, anchor in found:
            self.assertEqual(anchor, name.lower())
            self.assertIn(anchor, headings)

    def test_every_metric_named_is_one_of_the_server(self):
        self.assertEqual(unknown(re.sub(r"(?m)^ *#.*$", "", self.rules), self.metrics, self.rules), set())
        expressions = expressions_of(self.dashboard)
        self.assertGreater(len(expressions), 30)
        self.assertEqual(unknown("\n".join(expressions), self.metrics, self.rules), set())
        variables = [v["query"]["query"] for v in self.dashboard["templating"]["list"] if v["type"] == "query"]
        self.assertEqual(unknown("\n".join(variables), self.metrics, self.rules), set())

    def test_a_wrong_name_would_be_found(self):
        for planted, name in (("rate(porchlight_waiter[5m])", "porchlight_waiter"),
                              ("porchlight_delivery_seconds", "porchlight_delivery_seconds"),
                              ("job:porchlight_delivery_seconds:p90_5m", "job:porchlight_delivery_seconds:p90_5m"),
                              ('porchlight_limits_reached_total{limit=~"store_queue|store_quue"}', "limit=store_quue")):
            self.assertEqual(unknown(planted, self.metrics, self.rules), {name})

    def test_what_the_dashboard_asks_is_understood(self):
        """As rules, which promtool reads."""
        asked = "".join("      - {record: 'x%d', expr: %s}\n" % (i, json.dumps(e.replace("$job", "porchlight")))
                        for i, e in enumerate(expressions_of(self.dashboard)))
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write("groups:\n  - name: dashboard\n    rules:\n" + asked)
            file.flush()
            code, said = promtool("check", "rules", file.name)
        self.assertEqual(code, 0, said)

    def test_panels_have_places_of_their_own(self):
        taken = set()
        for panel in self.dashboard["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(mine & taken, panel["title"])
            taken |= mine
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))


if __name__ == "__main__":
    unittest.main()
