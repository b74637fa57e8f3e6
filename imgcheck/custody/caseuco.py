"""The log in the words of CASE and UCO, as JSON-LD, for other forensic tools.

Each piece of evidence is a ``uco-observable:File`` with its hashes, each line of the log a
``case-investigation:InvestigativeAction`` with its time, performer and instrument, each addition
also a ``case-investigation:ProvenanceRecord``. The same log gives the same bytes.

References
----------
.. [1] CASE ontology 1.3.0 and UCO 1.3.0, https://caseontology.org/ and
   https://unifiedcyberontology.org/
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from imgcheck.custody import layout
from imgcheck.custody.chain import History
from imgcheck.custody.log import Entry, Kept
from imgcheck.errors import UsageError

_CONTEXT = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "kb": "urn:imgcheck:case:",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "uco-vocabulary": "https://ontology.unifiedcyberontology.org/uco/vocabulary/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_METHODS = {"sha256": "SHA256", "sha1": "SHA1", "md5": "MD5"}


def export(history: History) -> str:
    """Return the log of a case as CASE/UCO JSON-LD.

    Parameters
    ----------
    history : History
        From `imgcheck.custody.read`; its chain must be unbroken.

    Raises
    ------
    UsageError
        If the log is damaged: an export would hide that.
    """
    if history.problems or not history.entries:
        words = history.problems[0].message if history.problems else "the log is empty"
        raise UsageError(f"a damaged log is not exported: {words}")
    graph = _Graph(history.entries)
    document = {"@context": _CONTEXT, "@graph": graph.nodes()}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


class _Graph:
    """The nodes of one case; identifiers are made from its own, so they stay the same."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:imgcheck:case:{entries[0].case}")
        self._names = _names(entries)
        self._hashes = _look_up(entries)
        self._tools: dict[str, dict[str, Any]] = {}
        self._people: dict[str, dict[str, Any]] = {}
        self._urls: dict[str, dict[str, Any]] = {}

    def nodes(self) -> list[dict[str, Any]]:
        files = {k.sha256: k for e in self.entries for k in e.files}
        found = [self._file(kept) for kept in files.values()]
        for entry in self.entries:
            found += self._action(entry)
        found += [*self._tools.values(), *self._people.values(), *self._urls.values()]
        return [self._investigation(found), *found]

    def _id(self, kind: str, *words: object) -> str:
        text = "\n".join(str(word) for word in (kind, *words))
        return f"kb:{kind}-{uuid.uuid5(self._space, text)}"

    def _investigation(self, members: list[dict[str, Any]]) -> dict[str, Any]:
        first = self.entries[0]
        title = first.detail.get("title") or first.detail.get("reference") or first.case
        node = {
            "@id": self._id("investigation", first.case),
            "@type": "case-investigation:Investigation",
            "case-investigation:investigationForm": {
                "@type": "https://ontology.caseontology.org/case/vocabulary/InvestigationFormVocab",
                "@value": "case",
            },
            "uco-core:name": str(title),
            "uco-core:object": [{"@id": member["@id"]} for member in members],
            "uco-core:startTime": _time(first.time),
        }
        if first.detail.get("reference"):
            node["uco-core:externalReference"] = {
                "@id": self._id("external-reference", first.case),
                "@type": "uco-core:ExternalReference",
                "uco-core:externalIdentifier": str(first.detail["reference"]),
            }
        return node

    def _file(self, kept: Kept) -> dict[str, Any]:
        names = self._names.get(kept.sha256, [])
        hashes = {"sha256": kept.sha256, **self._hashes.get(kept.sha256, {})}
        facet = {
            "@id": self._id("file-facet", kept.sha256),
            "@type": "uco-observable:FileFacet",
            "uco-observable:fileName": names or [kept.path.rpartition("/")[2]],
            "uco-observable:filePath": kept.path,
            "uco-observable:isDirectory": False,
            "uco-observable:sizeInBytes": kept.size,
        }
        content = {
            "@id": self._id("content-data-facet", kept.sha256),
            "@type": "uco-observable:ContentDataFacet",
            "uco-observable:hash": [
                self._hash(kept, method, value) for method, value in sorted(hashes.items())
            ],
            "uco-observable:sizeInBytes": kept.size,
        }
        return {
            "@id": self._id("file", kept.sha256),
            "@type": "uco-observable:File",
            "uco-core:hasFacet": [facet, content],
        }

    def _hash(self, kept: Kept, method: str, value: str) -> dict[str, Any]:
        return {
            "@id": self._id("hash", kept.sha256, method),
            "@type": "uco-types:Hash",
            "uco-types:hashMethod": {
                "@type": "uco-vocabulary:HashNameVocab",
                "@value": _METHODS[method],
            },
            "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": value.upper()},
        }

    def _action(self, entry: Entry) -> Iterator[dict[str, Any]]:
        """Return the action of a line, and the provenance record of what it brought in."""
        action = {
            "@id": self._id("investigative-action", entry.sequence),
            "@type": "case-investigation:InvestigativeAction",
            "uco-action:endTime": _time(entry.time),
            "uco-action:instrument": [{"@id": self._tool(entry)}],
            "uco-core:description": _words(entry),
            "uco-core:name": f"{entry.action} (line {entry.sequence} of the case log)",
        }
        if entry.operator:
            action["uco-action:performer"] = {"@id": self._person(entry.operator)}
        used = [sha for sha in _inputs(entry) if sha in self._names]
        if used:
            action["uco-action:object"] = [
                {"@id": self._id("file", sha)} for sha in dict.fromkeys(used)
            ]
        results = [{"@id": self._id("file", sha)} for sha in dict.fromkeys(_results(entry))]
        if results and entry.action == "add":
            record = self._record(entry, results)
            yield record
            results = [*results, {"@id": record["@id"]}]
        if results:
            action["uco-action:result"] = results
        if entry.sequence > 1:
            before = self._before(entry)
            action["case-investigation:wasInformedBy"] = [{"@id": before}]
        yield action
        yield from self._downloaded(entry)

    def _before(self, entry: Entry) -> str:
        earlier = [e.sequence for e in self.entries if e.sequence < entry.sequence]
        return self._id("investigative-action", earlier[-1])

    def _record(self, entry: Entry, results: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "@id": self._id("provenance-record", entry.sequence),
            "@type": "case-investigation:ProvenanceRecord",
            "case-investigation:exhibitNumber": str(entry.detail.get("sha256")),
            "uco-core:description": _words(entry),
            "uco-core:object": results,
        }

    def _downloaded(self, entry: Entry) -> Iterator[dict[str, Any]]:
        """Relate a file to the address that the operator stated."""
        stated = entry.detail.get("stated")
        address = stated.get("source_url") if isinstance(stated, dict) else None
        if entry.action != "add" or not address:
            return
        url = self._id("url", address)
        self._urls[url] = {
            "@id": url,
            "@type": "uco-observable:URL",
            "uco-core:hasFacet": [
                {
                    "@id": self._id("url-facet", address),
                    "@type": "uco-observable:URLFacet",
                    "uco-observable:fullValue": str(address),
                }
            ],
        }
        yield {
            "@id": self._id("relationship", entry.sequence),
            "@type": "uco-observable:ObservableRelationship",
            "uco-core:description": "as stated by the operator",
            "uco-core:isDirectional": True,
            "uco-core:kindOfRelationship": "Downloaded_From",
            "uco-core:source": {"@id": self._id("file", entry.detail.get("sha256"))},
            "uco-core:target": {"@id": url},
        }

    def _tool(self, entry: Entry) -> str:
        tool = {key: str(entry.tool.get(key)) for key in ("name", "version", "python", "system")}
        node = self._id("tool", *tool.values())
        self._tools[node] = {
            "@id": node,
            "@type": "uco-tool:Tool",
            "uco-core:description": f"Python {tool['python']}, {tool['system']}",
            "uco-core:name": tool["name"],
            "uco-tool:version": tool["version"],
        }
        return node

    def _person(self, name: str) -> str:
        node = self._id("identity", name)
        self._people[node] = {
            "@id": node,
            "@type": "uco-identity:Identity",
            "uco-core:name": name,
        }
        return node


def _names(entries: tuple[Entry, ...]) -> dict[str, list[str]]:
    """Return the names under which each piece of evidence was found."""
    names: dict[str, list[str]] = {}
    for entry in entries:
        origin = entry.detail.get("origin")
        if entry.action == "add" and isinstance(origin, dict):
            found = names.setdefault(str(entry.detail.get("sha256")), [])
            if origin.get("name") not in found:
                found.append(str(origin.get("name")))
    return names


def _look_up(entries: tuple[Entry, ...]) -> dict[str, dict[str, str]]:
    return {
        str(entry.detail.get("sha256")): {
            key: str(value) for key, value in found.items() if key in _METHODS
        }
        for entry in entries
        if isinstance(found := entry.detail.get("look_up"), dict)
    }


def _inputs(entry: Entry) -> list[str]:
    given = entry.detail.get("inputs")
    found = [str(g.get("sha256")) for g in given if isinstance(g, dict)] if given else []
    return [*found, str(entry.detail.get("sha256"))] if entry.action == "copy" else found


def _results(entry: Entry) -> list[str]:
    if entry.action == "add":
        return [str(entry.detail.get("sha256"))]
    return [kept.sha256 for kept in entry.files if not kept.path.startswith(layout.EVIDENCE)]


def _words(entry: Entry) -> str:
    """Return the line's own data as text: nothing of the log is lost in the export."""
    return json.dumps({"detail": dict(entry.detail), "previous": entry.previous}, sort_keys=True)


def _time(text: str) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": text}
