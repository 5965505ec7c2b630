"""How the page of `onelinstor doctor` looks, in light and in dark."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ground: #f4f6f8; --card: #fff; --text: #17212b; --soft: #5d6b79; --line: #e1e7ec;
  --good: #0b7a75; --goodbg: #e3f1f0; --warn: #a34a07; --warnbg: #fdf0dc; --bad: #b91c1c; --badbg: #fde8e8;
  --quiet: #9aa7b3; --mark: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1519; --card: #182026; --text: #e6edf2; --soft: #93a3b1;
  --line: #27323b; --good: #2fb5ac; --goodbg: #15302f; --warn: #f0a93b; --warnbg: #382a12; --bad: #f47272;
  --badbg: #3b1a1c; --quiet: #667481; --mark: #0f1519; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 36px 24px 72px; }
header { display: flex; align-items: center; gap: 18px; }
header > svg { width: 56px; height: 56px; flex: none; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 17px; margin: 38px 0 12px; display: flex; align-items: baseline; gap: 10px; }
.soft { color: var(--soft); font-size: 13px; font-weight: 400; margin: 2px 0 0; }
.areas { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(112px, 1fr)); margin: 26px 0 22px; }
.areas a { display: block; padding: 11px 13px; border-radius: 10px; background: var(--card); color: inherit;
  border: 1px solid var(--line); border-top: 4px solid var(--good); text-decoration: none; }
.areas a.warning { border-top-color: var(--warn); } .areas a.failed { border-top-color: var(--bad); }
.areas a.skipped { border-top-color: var(--quiet); }
.areas b { display: block; font-size: 13.5px; font-weight: 650; line-height: 1.3; }
.problem { display: grid; grid-template-columns: 30px 1fr; gap: 14px; background: var(--card); padding: 16px 18px;
  border: 1px solid var(--line); border-radius: 12px; margin-top: 12px; }
.problem svg, .row svg { width: 26px; height: 26px; }
.problem h3 { margin: 0; font-size: 15.5px; line-height: 1.4; font-weight: 650; overflow-wrap: anywhere; }
.problem p { margin: 3px 0 0; overflow-wrap: anywhere; }
.todo { margin-top: 10px !important; padding: 8px 12px; border-radius: 8px; font-size: 14px; }
.failed .todo { background: var(--badbg); } .warning .todo { background: var(--warnbg); }
.todo b { font-weight: 650; margin-right: 8px; }
.failed .todo b { color: var(--bad); } .warning .todo b { color: var(--warn); }
.well { background: var(--goodbg); color: var(--good); border-radius: 12px; padding: 16px 20px; margin-top: 26px; }
.rows { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.row { display: grid; grid-template-columns: 20px 1fr auto; gap: 12px; align-items: center;
  padding: 7px 16px; font-size: 14px; border-top: 1px solid var(--line); }
.row:first-child { border-top: 0; } .row svg { width: 18px; height: 18px; }
.row .whom { text-align: right; max-width: 320px; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.row.skipped { color: var(--soft); }
code { font: 12.5px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; color: var(--soft); white-space: nowrap; }
@media (max-width: 640px) { .row { grid-template-columns: 20px 1fr; } .row .whom { grid-column: 2; text-align: left; } }
@media print { .problem, .rows { break-inside: avoid; } }
"""

_ROUND = '<circle cx="16" cy="16" r="14" fill="var(--{})"/>'
_STROKE = 'fill="none" stroke="var(--mark)" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"'
SHAPES = {
    "ok": _ROUND.format("good") + f'<path d="M9.5 16.5l4.6 4.6 8.6-9.4" {_STROKE}/>',
    "warning": '<path d="M16 3.2L30 28H2z" fill="var(--warn)" stroke="var(--warn)" stroke-width="2.5"'
    f' stroke-linejoin="round"/><path d="M16 12.5v7.2m0 4.3v.1" {_STROKE}/>',
    "failed": _ROUND.format("bad") + f'<path d="M11 11l10 10m0-10l-10 10" {_STROKE}/>',
    "skipped": '<circle cx="16" cy="16" r="12.5" fill="none" stroke="var(--quiet)" stroke-width="2.6"'
    ' stroke-dasharray="4.4 3"/>',
}
"""Drawings of 32 by 32, by the class of a status."""
