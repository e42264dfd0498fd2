/** The style of the live page. Colours are the same words in light and dark; status is always said in text too. */
export const style = String.raw`
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --line: #dfe3e8; --text: #16202b; --soft: #56636f;
  --good: #0a7a4b; --busy: #0b62c4; --warn: #9a5b00; --bad: #b3261e; --brand: #0b62c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151b; --card: #1a2129; --line: #2d3843; --text: #e7edf3; --soft: #9dabb8;
    --good: #4cc38a; --busy: #6cb0ff; --warn: #f0b35c; --bad: #ff8a80; --brand: #6cb0ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; padding: .8rem max(1rem, calc((100vw - 72rem) / 2)); background: var(--card); border-bottom: 1px solid var(--line); }
h1 { font-size: 1.15rem; margin: 0; letter-spacing: -.01em; }
h1 span { color: var(--brand); }
header nav { margin-left: auto; display: flex; gap: 1rem; align-items: center; }
a { color: var(--brand); }
main { max-width: 74rem; margin: 0 auto; padding: 1rem; }
#live { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.5rem; }
h2 { font-size: .95rem; margin: 0 0 .55rem; font-weight: 650; }
h2 small { color: var(--soft); font-weight: 400; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .35rem .8rem; cursor: pointer; }
button.primary { background: var(--brand); border-color: var(--brand); color: var(--card); font-weight: 600; }
button.link { border: 0; background: none; padding: 0; color: var(--brand); text-decoration: underline; text-align: left; }
:focus-visible { outline: 2px solid var(--brand); outline-offset: 2px; }
#link { display: inline-flex; align-items: center; gap: .45rem; color: var(--soft); }
#link::before { content: ""; width: .6rem; height: .6rem; border-radius: 50%; background: var(--warn); }
#link[data-state="live"]::before { background: var(--good); }
#link[data-state="lost"]::before { background: var(--bad); }
#link[data-state="lost"] { color: var(--bad); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
#ask { max-width: 30rem; margin: 12vh auto 0; padding: 1.4rem; display: grid; gap: .8rem; }
#ask label { font-weight: 600; }
#ask input { font: inherit; width: 100%; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--ground); color: inherit; }
#ask p { margin: 0; color: var(--soft); }
#ask .error { color: var(--bad); }
#tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 0; }
#tiles div { padding: .75rem 1rem; }
#tiles dt { color: var(--soft); font-size: .82rem; }
#tiles dd { margin: 0; font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -.02em; }
#chargers { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .8rem; list-style: none; margin: 0; padding: 0; }
#chargers > li { padding: .8rem 1rem; min-width: 0; }
#chargers h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
#chargers .model { color: var(--soft); font-size: .85rem; min-height: 1.25rem; }
.top { display: flex; justify-content: space-between; gap: .6rem; align-items: baseline; }
.presence { font-size: .82rem; white-space: nowrap; color: var(--soft); }
.presence::before { content: "\25CF"; margin-right: .3rem; color: var(--soft); }
.presence.on::before { color: var(--good); }
.connectors { list-style: none; margin: .6rem 0 0; padding: 0; display: grid; gap: .3rem; }
.connectors li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .5rem; font-size: .88rem; border-top: 1px solid var(--line); padding-top: .3rem; }
.good { color: var(--good); } .busy { color: var(--busy); } .warn { color: var(--warn); } .bad { color: var(--bad); } .soft { color: var(--soft); }
.status { font-weight: 600; }
.connectors .flow { order: 3; flex-basis: 100%; color: var(--soft); font-variant-numeric: tabular-nums; }
.connectors .flow:empty { display: none; }
.scroll { overflow-x: auto; position: relative; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .82rem; }
th, td { padding: .5rem .8rem; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.empty { padding: 1rem; color: var(--soft); margin: 0; }
#events { list-style: none; margin: 0; padding: .3rem 0; max-height: 20rem; overflow-y: auto; font-size: .86rem; }
#events li { display: grid; grid-template-columns: 5.5rem minmax(11rem, 15rem) 1fr; gap: .6rem; padding: .22rem 1rem; }
#events time { color: var(--soft); font-variant-numeric: tabular-nums; }
#events .what { overflow-wrap: anywhere; color: var(--soft); }
dialog { width: min(60rem, calc(100vw - 1rem)); max-height: 90vh; border: 1px solid var(--line); border-radius: .75rem; background: var(--card); color: var(--text); padding: 0; }
dialog::backdrop { background: rgb(0 0 0 / .45); }
dialog .top { padding: .9rem 1rem; border-bottom: 1px solid var(--line); align-items: center; position: sticky; top: 0; background: var(--card); }
dialog h2 { margin: 0; overflow-wrap: anywhere; }
dialog section { padding: .8rem 1rem; }
dialog details { border-top: 1px solid var(--line); padding: .35rem 0; }
dialog summary { cursor: pointer; }
dialog pre { background: var(--ground); padding: .6rem; border-radius: .5rem; overflow-x: auto; font-size: .78rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.reviews { max-height: 22rem; overflow-y: auto; }
td.detail { white-space: normal; min-width: 16rem; color: var(--soft); }
.decide { display: grid; gap: .7rem; margin-top: 1rem; padding-top: .8rem; border-top: 1px solid var(--line); }
.decide label { display: grid; gap: .2rem; font-size: .85rem; color: var(--soft); }
.decide input, .decide select { font: inherit; width: 100%; padding: .4rem .55rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--ground); color: var(--text); }
.decide .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .7rem; }
.decide p { margin: 0; }
[hidden] { display: none !important; }
@media (max-width: 40rem) {
  main { padding: .8rem; }
  #tiles { grid-template-columns: 1fr 1fr; }
  table, tbody { display: block; }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
  tbody tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); padding: .5rem .4rem; }
  td, td.number { text-align: left; padding: .15rem .5rem; white-space: normal; overflow-wrap: anywhere; }
  td::before { content: attr(data-label); display: block; color: var(--soft); font-size: .75rem; }
  #events li { grid-template-columns: 4.6rem 1fr; }
  #events .what { grid-column: 2; }
}
@media (prefers-reduced-motion: no-preference) { .fresh { animation: fresh 1.2s ease-out; } }
@keyframes fresh { from { background: color-mix(in srgb, var(--brand) 22%, transparent); } }
`
