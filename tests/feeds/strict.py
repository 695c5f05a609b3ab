"""A strict reading of RFC 5545 text, independent of the library that wrote it."""

import re

# Contentline of RFC 5545, 3.1: name, parameters (quoted or not), value.
LINE = re.compile(
    r'(?P<name>[A-Z][A-Z0-9-]*)(?P<params>(?:;[A-Z0-9-]+=(?:"[^"]*"|[^":;,]*))*):(?P<value>.*)', re.DOTALL
)
TEXT_PROPERTIES = {"SUMMARY", "DESCRIPTION", "LOCATION", "NAME", "X-WR-CALNAME", "COMMENT"}
ONCE = {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "SEQUENCE", "URL", "GEO"}


def lines(text: bytes) -> list[str]:
    """Unfolded content lines. AssertionError where the text breaks a rule of section 3.1."""
    assert text.endswith(b"\r\n")
    physical = text[:-2].split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in physical), "a bare CR or LF"
    assert not any(len(line) > 75 for line in physical), "a line over 75 octets"
    assert all(physical), "an empty line"
    unfolded: list[bytes] = []
    for line in physical:
        line.decode()  # a fold must not cut a character
        if line.startswith(b" "):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    return [line.decode() for line in unfolded]


def components(text: bytes) -> list[tuple[str, dict[str, str]]]:
    """Innermost first: (name, {property with parameters: raw value}) of every component, nesting checked."""
    stack: list[tuple[str, list[tuple[str, str]]]] = []
    done: list[tuple[str, dict[str, str]]] = []
    for line in lines(text):
        match = LINE.fullmatch(line)
        assert match, line
        name, value = match["name"], match["value"]
        if name == "BEGIN":
            stack.append((value, []))
        elif name == "END":
            component, properties = stack.pop()
            assert component == value
            names = [key.partition(";")[0] for key, _ in properties]
            assert all(names.count(key) <= 1 for key in ONCE), names
            done.append((component, dict(properties)))
        else:
            if name in TEXT_PROPERTIES:
                _check_text(value)
            stack[-1][1].append((name + match["params"], value))
    assert not stack
    return done


def _check_text(value: str) -> None:
    """Section 3.3.11: backslash, semicolon, comma escaped, line breaks as \\n, no control characters."""
    rest = re.sub(r"\\[\\;,nN]", "", value)
    assert not re.search(r"[\\;,]", rest), value
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", rest), value
