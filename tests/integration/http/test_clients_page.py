#!/usr/bin/env python3
"""The examples of docs/clients.md against the real server."""
import unittest

from page_examples import Examples, difference


class ClientsPage(Examples):
    def test_every_example_of_the_page(self):
        self.run_page("clients.md", 20)

    def test_a_wrong_page_is_noticed(self):
        for expected, got in (({"a": 1}, {"a": 2}), ({"a": 1}, {"a": 1, "b": 2}), ([1], []), ({}, []),
                              ({"a": "<number>"}, {"a": "1"}), ({"a": {"...": "...", "b": 1}}, {"a": {"c": 1}}),
                              (True, 1), ({"a": "<string>"}, {"a": None})):
            self.assertIsNotNone(difference(expected, got), (expected, got))
        self.assertIsNone(difference({"a": "<number>", "...": "..."}, {"a": 5, "b": 1}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
