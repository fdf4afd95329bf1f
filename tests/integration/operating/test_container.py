"""The container files, by what can be seen without an engine: whatever they name exists, the server takes their
configuration, and nobody is root."""
import pathlib
import re
import unittest

from real_server import porchlight

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "packaging" / "container"


class Container(unittest.TestCase):
    def setUp(self):
        text = re.sub(r"(?m)^#.*\n", "", (FOLDER / "Containerfile").read_text()).replace("\\\n", " ")
        self.steps = [line.split(None, 1) for line in text.splitlines() if line.strip()]
        self.compose = (FOLDER / "compose.yaml").read_text()
        self.config = FOLDER / "porchlight.toml"

    def values(self, step):
        return [value for name, value in self.steps if name == step]

    def test_steps_are_those_of_a_container_file(self):
        known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
        self.assertLessEqual({name for name, _ in self.steps}, known)
        self.assertEqual([value.split(" AS ")[0] for value in self.values("FROM")],
                         ["docker.io/library/debian:12-slim"] * 2)

    def test_what_is_copied_exists_and_is_not_ignored(self):
        ignored = (ROOT / ".dockerignore").read_text().split()
        for value in self.values("COPY"):
            words = value.split()
            if words[0].startswith("--from="):
                self.assertEqual(words[0], "--from=build")
                # As tools/dev/package.sh and cmake/package.cmake name it.
                self.assertEqual(words[1], "/src/build/package/porchlight_*.deb")
                self.assertIn('folder=$PWD/build/package', (ROOT / "tools/dev/package.sh").read_text())
            else:
                self.assertEqual(words, [".", "."])
        for needed in ("dev", "tools/dev/package.sh", "CMakeLists.txt", "cmake", "src", "packaging", "docs", "CHANGELOG.md"):
            self.assertTrue((ROOT / needed).exists(), needed)
            self.assertNotIn(needed.split("/")[0], ignored)

    def test_it_runs_as_nobody_in_particular(self):
        names = [name for name, _ in self.steps]
        self.assertEqual(self.values("USER"), ["porchlight"])
        self.assertLess(names.index("USER"), names.index("ENTRYPOINT"))
        self.assertNotIn("RUN", names[names.index("USER"):])
        self.assertIn("useradd --system --user-group --uid 8008", " ".join(self.values("RUN")))

    def test_its_command_line_is_one_of_the_server(self):
        words = re.findall(r'"([^"]*)"', self.values("CMD")[-1])
        self.assertEqual(words[0], "serve")
        help_text = porchlight("serve", "--help")[1]
        for word in words:
            if word.startswith("--"):
                self.assertIn(word, help_text)

    def test_the_server_takes_its_configuration(self):
        code, shown, error = porchlight("config", "--config", self.config)
        self.assertEqual((code, error), (0, ""))
        self.assertIn('data = "/var/lib/porchlight"', shown)
        self.assertEqual(self.values("VOLUME"), ["/var/lib/porchlight"])
        subnet = re.search(r"subnet: (\S+)", self.compose).group(1)
        self.assertIn('trusted_proxies = ["%s"]' % subnet, shown)

    def test_what_compose_names_exists(self):
        sources = re.findall(r"(?m)^ +- (\.\S*?):", self.compose)
        self.assertEqual(sources, ["./porchlight.toml", "../proxies/Caddyfile"])
        for source in sources + ["../.."]:
            self.assertTrue((FOLDER / source).exists(), source)
        self.assertTrue((ROOT / re.search(r"dockerfile: (\S+)", self.compose).group(1)).exists())
        variable = re.search(r"(PORCHLIGHT_\w+): porchlight:8008", self.compose).group(1)
        self.assertIn("{$%s:127.0.0.1:8008}" % variable, (ROOT / "packaging/proxies/Caddyfile").read_text())
        for volume in re.findall(r"(?m)^ +- (\w+):/", self.compose):
            self.assertRegex(self.compose, r"(?m)^  %s:$" % volume)


if __name__ == "__main__":
    unittest.main()
