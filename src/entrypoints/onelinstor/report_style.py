"""How the page of `onelinstor report` looks, in light and in dark, and the shapes that it is drawn with."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ground: #f4f6f8; --card: #fff; --text: #17212b; --soft: #5d6b79; --line: #e1e7ec;
  --good: #0b7a75; --home: #e3f1f0; --warn: #b45309; --warnbg: #fdf0dc; --bad: #b91c1c; --badbg: #fde8e8;
  --quiet: #9aa7b3; --track: #e4eaee; --mark: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1519; --card: #182026; --text: #e6edf2; --soft: #93a3b1;
  --line: #27323b; --good: #2fb5ac; --home: #15302f; --warn: #f0a93b; --warnbg: #382a12; --bad: #f47272;
  --badbg: #3b1a1c; --quiet: #667481; --track: #2a353e; --mark: #0f1519; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 17px; margin: 36px 0 12px; }
.soft { color: var(--soft); font-size: 13px; }
.tiles, .cards { display: grid; gap: 14px; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); margin-top: 22px; }
.cards { grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); }
.tile, .card, .matrix { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 14px 18px; }
.tile b { display: block; font-size: 27px; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile.bad b { color: var(--bad); } .tile.good b { color: var(--good); }
.card { padding: 18px 20px; }
.card h3 { margin: 0; font-size: 16px; }
.card h3 span { display: block; font-weight: 400; }
.card .bar { display: block; margin: 12px 0 6px; }
.users { width: 100%; margin-top: 10px; border-collapse: collapse; font-size: 13.5px; }
.users td { padding: 2px 0; } .users td:nth-child(2) { width: 34%; padding: 0 12px; }
.card .users svg { display: block; margin: 0; }
.users td:last-child, td.size, .matrix th.size {
  text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.problem { color: var(--bad); background: var(--badbg); border-radius: 8px; padding: 8px 12px; margin: 12px 0 0; }
.matrix { overflow-x: auto; }
.matrix table { border-collapse: collapse; width: 100%; }
.matrix th { font-size: 13px; font-weight: 600; color: var(--soft); padding: 12px; text-align: left; }
.matrix th.host, .matrix td.host { text-align: center; width: 92px; }
.matrix td { padding: 8px 12px; border-top: 1px solid var(--line); vertical-align: middle; }
.matrix td:first-child, .matrix th:first-child { padding-left: 20px; }
.matrix tr.owner td { padding: 18px 12px 6px 20px; font-weight: 650; border-top: 2px solid var(--line); }
.matrix tr.owner .soft { font-weight: 400; margin-left: 8px; }
.matrix tr.owner + tr td { border-top: 0; }
.matrix td.home { background: var(--home); }
.name { display: block; color: var(--soft); font: 12.5px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
td.host svg { width: 36px; height: 36px; display: block; margin: 0 auto; }
.chip { display: inline-block; border-radius: 99px; padding: 2px 10px; font-size: 12.5px; white-space: nowrap; }
.chip.good { color: var(--good); background: var(--home); }
.chip.warn { color: var(--warn); background: var(--warnbg); } .chip.bad { color: var(--bad); background: var(--badbg); }
.legend { display: flex; flex-wrap: wrap; gap: 8px 22px; margin: 0 0 14px; font-size: 13.5px; }
.legend span { display: inline-flex; align-items: center; gap: 7px; }
.legend svg { width: 26px; height: 26px; }
.swatch { width: 20px; height: 20px; border-radius: 5px; background: var(--home); border: 1px solid var(--line); }
td.size svg { display: block; width: 84px; height: 6px; margin: 4px 0 0 auto; }
@media print { .matrix, .tile, .card { break-inside: avoid; } }
"""

_DISK = '<path d="M7 10c0-3 18-3 18 0v12c0 3-18 3-18 0z" {}/><ellipse cx="16" cy="10" rx="9" ry="2.6" {}/>'
_LID = 'fill="none" stroke="var(--mark)" stroke-width="1.2" opacity=".55"'
_RING = '<circle cx="16" cy="16" r="15" fill="none" stroke="var(--good)" stroke-width="1.6"/>'
_PLAY = '<path d="M13.4 13.2v8l6.4-4z" fill="{}"/>'

SHAPES = {
    "replica": _DISK.format('fill="var(--good)"', _LID),
    "replica-open": _RING + _DISK.format('fill="var(--good)"', _LID) + _PLAY.format("var(--mark)"),
    "behind": _DISK.format('fill="var(--warnbg)" stroke="var(--warn)" stroke-width="1.8"', 'fill="none" stroke="none"')
    + '<path d="M7.6 17h16.8v5.2c0 2.6-16.8 2.6-16.8 0z" fill="var(--warn)"/>',
    "failed": _DISK.format('fill="var(--bad)"', _LID)
    + '<path d="M12.4 14.4l7.2 7.2m0-7.2l-7.2 7.2" stroke="var(--mark)" stroke-width="2.2" stroke-linecap="round"/>',
    "unknown": _DISK.format(
        'fill="none" stroke="var(--quiet)" stroke-width="1.8" stroke-dasharray="3 2.4"', "display='none'"
    )
    + '<text x="16" y="21.5" text-anchor="middle" font-size="12" font-weight="700" fill="var(--quiet)">?</text>',
    "attachment": '<circle cx="16" cy="16" r="8" fill="none" stroke="var(--good)" stroke-width="2.4"/>',
    "attachment-open": _RING
    + '<circle cx="16" cy="16" r="9" fill="none" stroke="var(--good)" stroke-width="2.4"/>'
    + '<path d="M13.6 12v8l6.4-4z" fill="var(--good)"/>',
    "witness": '<circle cx="16" cy="16" r="3.4" fill="var(--quiet)"/>',
}
"""Drawings of 32 by 32, by name."""
