"""A small PDF, written by hand: one page, Helvetica, lines of text, no compression.

The page uses the standard font of every reader and embeds none, so the file is a valid PDF 1.4
but not PDF/A-1, which XDS-SD asks of scanned documents; good enough to carry, show and compare.
"""

from __future__ import annotations

A4 = (595, 842)
LEADING = 16
FONT_SIZE = 11


def write_pdf(title: str, lines: tuple[str, ...]) -> bytes:
    """One page with a title and lines of text; an empty line leaves a gap.

    Only characters of Windows-1252 can be shown, which covers English and French.
    """
    width, height = A4
    show = [
        "BT",
        f"/F2 15 Tf 1 0 0 1 56 {height - 72} Tm ({_text(title)}) Tj",
        f"/F1 {FONT_SIZE} Tf {LEADING} TL 1 0 0 1 56 {height - 108} Tm",
    ]
    show += [f"({_text(line)}) Tj T*" for line in lines]
    show.append("ET")
    content = "\n".join(show).encode("cp1252")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] "
        "/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> /Contents 6 0 R >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        f"<< /Title ({_text(title)}) /Producer (demonstration record) >>".encode("cp1252"),
    ]
    # The comment of four octets above 127 tells transfer programs that the file is binary
    # (ISO 32000-1, 7.5.2).
    octets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(octets))
        octets += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(octets)
    octets += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    octets += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    octets += b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
    )
    return octets


def _text(line: str) -> str:
    """A line as the inside of a PDF literal string."""
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
