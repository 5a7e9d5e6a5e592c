# What do other readers see in a folder of reports? One JSON object a file, by its name.
#
#   python3 reports_judge.py FOLDER
#
# `.xml` is read by expat and by junitparser, `.md` by GitHub's own Markdown library with HTML let through.

import json
import pathlib
import sys
from html.parser import HTMLParser
from xml.parsers import expat

import cmarkgfm
import junitparser
from cmarkgfm.cmark import Options


def junit(path):
    elements = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: elements.append([name, *attributes])
    parser.Parse(path.read_bytes(), True)
    suites = junitparser.JUnitXml.fromfile(str(path))
    results = [
        [case.name, [type(result).__name__ for result in case.result], case.system_out]
        for suite in suites
        for case in suite
    ]
    return {
        "elements": elements,
        "counts": [suites.tests, suites.failures, suites.errors, suites.skipped],
        "results": results,
    }


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.elements, self.code, self.inside = [], [], False

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.elements.extend(f"{tag}.{name}" for name, _ in attributes)
        if tag == "code":
            self.inside = True
            self.code.append("")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "code"

    def handle_data(self, text):
        if self.inside:
            self.code[-1] += text

    def handle_comment(self, text):
        self.elements.append("comment")


def markdown(path):
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))
    return {"elements": page.elements, "code": page.code}


seen = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    read = {".xml": junit, ".md": markdown}.get(path.suffix)
    if read:
        seen[path.name] = read(path)
print(json.dumps(seen))
