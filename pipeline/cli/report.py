"""The report of a replay: one HTML page that stands alone, with filters, for a browser or a mail."""

from collections import Counter
from html import escape
from typing import IO

from pipeline.cli.quotes import Piece, marked_headline, marked_sentences
from pipeline.cli.table import company_line, revision_note
from pipeline.runners.replay import Replay
from schemas import Alert, Span

_STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2024;--dim:#60656c;--line:#dfe3e8;--card:#f8f9fa;--t:#b42318;--e:#067647;--n:#93610a}
@media(prefers-color-scheme:dark){:root{--bg:#15181b;--fg:#e8eaed;--dim:#9aa0a6;--line:#31363b;--card:#1d2125;--t:#ff8a7a;--e:#5fd39a;--n:#e5b95c}}
*{box-sizing:border-box}body{margin:0 auto;max-width:70rem;padding:1.5rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.4rem;margin:0}.sum{color:var(--dim);margin:.2rem 0 1rem}form{display:flex;gap:.6rem;flex-wrap:wrap;margin-bottom:1rem}
select,input{font:inherit;padding:.3rem .5rem;border:1px solid var(--line);border-radius:6px;background:var(--card);color:var(--fg)}input{flex:1;min-width:12rem}
article{border:1px solid var(--line);border-left:5px solid var(--c);border-radius:8px;background:var(--card);padding:.8rem 1rem;margin-bottom:.8rem}
article[data-d=tightening]{--c:var(--t)}article[data-d=easing]{--c:var(--e)}article[data-d=neutral]{--c:var(--n)}
h2{font-size:1.05rem;margin:.2rem 0}h2 a{color:inherit}.meta{color:var(--dim);font-size:.85rem;display:flex;gap:.8rem;flex-wrap:wrap}.meta b{color:var(--c)}
blockquote{margin:.4rem 0;padding-left:.7rem;border-left:3px solid var(--c)}blockquote.bg{border-color:var(--line);color:var(--dim)}
ul{margin:.4rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.4rem;list-style:none}li{border:1px solid var(--line);border-radius:99px;padding:.05rem .6rem;font-size:.85rem}
mark{background:color-mix(in srgb,var(--c) 18%,transparent);color:inherit;border-radius:3px}.bg mark{background:none}
[hidden]{display:none}
"""
_SCRIPT = """
const q=s=>[...document.querySelectorAll(s)],n=document.getElementById('n');
function f(){const d=document.getElementById('d').value,j=document.getElementById('j').value,i=document.getElementById('i').value,
t=document.getElementById('t').value.toLowerCase();let k=0;
for(const a of q('article')){a.hidden=(d&&a.dataset.d!==d)||(j&&a.dataset.j!==j)||(i&&a.dataset.i!==i)||(t&&!a.textContent.toLowerCase().includes(t));k+=!a.hidden}
n.textContent=k.toLocaleString()+' shown'}
q('select,input').forEach(e=>e.addEventListener('input',f));
"""


def write_report(outcome: Replay, stream: IO[bytes]) -> None:
    """Writes the alerts of ``outcome`` as a page to ``stream``; alerts are passed through one by one."""
    options: dict[str, Counter[str]] = {"direction": Counter(), "jurisdiction": Counter(), "instrument": Counter()}
    for line in outcome.alerts():
        signal = Alert.model_validate_json(line).signal
        for name, counts in options.items():
            counts[getattr(signal, name)] += 1
    counters = outcome.counters
    summary = (
        f"{counters['articles']:,} articles read, {counters['alerts']:,} alerts, "
        f"{counters['dead_letters']:,} dead letters"
    )
    filters = "".join(_select(name, counts) for name, counts in options.items())
    stream.write(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>policywire: alerts</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body>'
        f'<h1>Policy signals</h1><p class="sum">{summary} · <span id="n">{counters["alerts"]:,} shown</span></p>'
        f'<form onsubmit="return false">{filters}<input id="t" type="search" placeholder="Company, authority, word" '
        f'aria-label="Text to look for"></form><main>'.encode()
    )
    for line in outcome.alerts():
        stream.write(_alert(Alert.model_validate_json(line)).encode("utf-8", "replace"))
    stream.write(f"</main><script>{_SCRIPT}</script></body></html>\n".encode())


def _select(name: str, counts: Counter[str]) -> str:
    choices = "".join(
        f'<option value="{escape(value)}">{escape(value or "unknown")} ({n:,})</option>'
        for value, n in counts.most_common()
        if value
    )
    return f'<select id="{name[0]}" aria-label="{name}"><option value="">every {name}</option>{choices}</select>'


def _alert(alert: Alert) -> str:
    signal, article = alert.signal, alert.article
    head = _marked(marked_headline(alert))
    if article.url:
        head = f'<a href="{escape(article.url)}" rel="noreferrer noopener">{head}</a>'
    meta = [
        f"{alert.event_time:%Y-%m-%d %H:%M} UTC" if alert.event_time else "undated",
        f"<b>{signal.direction}</b>",
        signal.instrument,
        signal.stage,
        escape(f"{signal.jurisdiction} {signal.authority.name if signal.authority else ''}".strip()),
        escape(", ".join(signal.sectors)),
        f"{signal.confidence:.0%}",
        f"{alert.severity} severity",
        escape(article.source),
        "repeat" if alert.repeat else "",
        escape(revision_note(alert)),
    ]
    quotes = _quotes(alert, signal.evidence, "") + _quotes(alert, signal.background, ' class="bg" title="background"')
    companies = "".join(f"<li>{escape(company_line(company))}</li>" for company in alert.companies)
    return (
        f'<article data-d="{signal.direction}" data-j="{escape(signal.jurisdiction)}" data-i="{signal.instrument}">'
        f'<div class="meta">{"".join(f"<span>{part}</span>" for part in meta if part)}</div><h2>{head}</h2>'
        f"{quotes}{f'<ul>{companies}</ul>' if companies else ''}</article>\n"
    )


def _quotes(alert: Alert, spans: tuple[Span, ...], attributes: str) -> str:
    return "".join(
        f"<blockquote{attributes}>{_marked(sentence)}</blockquote>" for sentence in marked_sentences(alert, spans)
    )


def _marked(pieces: list[Piece]) -> str:
    return "".join(f"<mark>{escape(words)}</mark>" if decides else escape(words) for words, decides in pieces)
