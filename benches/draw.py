"""Shows what a run found: as an SVG (how much of each aim was reached), and as a table in a page."""

from html import escape

WIDTH, LEFT, RIGHT, ROW, TOP = 900, 470, 130, 24, 56
# Half of the aim is on the left edge, twice the aim on the right one, the aim in the middle.
SPAN = 2.0


def reached(row):
    """How many times better than its aim a figure is; `None` without one."""
    aim, value = row.get("aim"), row.get("value")
    if not aim or not value:
        return None
    limit = float("".join(c for c in aim.split(",")[0] if c.isdigit() or c == "."))
    if aim.endswith("MB"):
        limit = float(aim.strip("≤ MB").replace(",", "")) * 1e6
    return value / limit if aim.startswith("≥") else limit / value


def draw(found, path):
    """Writes the picture."""
    rows, head = [], ""
    for row in found["results"]:
        # What belongs to the row above is told with the beginning of that one.
        if not row["what"].startswith("  "):
            head = row["what"].split(", ")[0].split(" into ")[0]
            name = row["what"]
        else:
            name = f"{head}: {row['what'].strip()}"
        if (share := reached(row)) is not None:
            rows.append(({**row, "what": name}, share))
    height = TOP + ROW * len(rows) + 20
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    half = (WIDTH - LEFT - RIGHT) / 2
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" fill="#1b1f24">How far each aim was reached (right of the line: better)</text>',
        f'<text x="12" y="42" fill="#57606a">{escape(found["cpu"])}, {found["cores"]} cores, {found["when"]}, '
        f'load {found["load_before"]} to {found["load_after"]}; half of it on the left, twice on the right</text>',
    ]
    for number, (row, share) in enumerate(rows):
        y = TOP + ROW * number
        offset = max(-1.0, min(1.0, (share - 1) if share >= 1 else (1 - 1 / share)))
        start, width = (middle, half * offset) if offset >= 0 else (middle + half * offset, -half * offset)
        color = "#2da44e" if row["met"] else "#cf222e"
        out.append(f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end" fill="#1b1f24">{escape(row["what"].strip())}</text>')
        out.append(f'<rect x="{start:.1f}" y="{y + 4}" width="{max(width, 1.5):.1f}" height="14" fill="{color}"/>')
        label = f'{row["figure"]} ({row["aim"]})'
        out.append(f'<text x="{WIDTH - RIGHT + 6}" y="{y + 15}" fill="#57606a">{escape(label)}</text>')
    out.append(f'<line x1="{middle}" y1="{TOP}" x2="{middle}" y2="{height - 16}" stroke="#57606a" stroke-dasharray="3 3"/>')
    out.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))


MARKS = ("<!-- figures -->\n", "<!-- end of figures -->\n")


def put_in(found, path):
    """Puts the table in place of the one in a page."""
    lines = [
        f"Measured {found['when']} on {found['cpu']}, {found['cores']} cores, "
        f"load {found['load_before']} before; Node {found['node']}, {found['oha']}, DuckDB {found['duckdb']}.",
        "",
        "| work | figure | aim | reached |",
        "|---|---|---|---|",
    ]
    for row in found["results"]:
        name = row["what"]
        name = f"&nbsp;&nbsp;{name.strip()}" if name.startswith("  ") else name
        met = {True: "yes", False: "**no**", None: ""}[row["met"]]
        lines.append(f"| {name} | {row['figure']} | {row['aim'] or ''} | {met} |")
    with open(path, encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + MARKS[0] + "\n".join(lines) + "\n" + MARKS[1] + after)
